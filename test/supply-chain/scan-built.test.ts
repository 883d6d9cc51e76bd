/** The release tree builds an image and scans it: a vulnerable package is found although it was bundled. */
import { readFile } from "node:fs/promises";
import { readVulnerabilities } from "@ml-actions/evidence/vulnerabilities";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyBase } from "../actions/build-base.ts";
import { flights, newJob } from "../actions/suite.ts";
import { goTool } from "../components/go-tool.ts";
import { trivyDatabase } from "../components/trivy-database.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job } from "../runner/runner.ts";
import { removeScratch, scratch } from "./scan-room.ts";

let job: Job;
let image: string;

beforeAll(async () => {
  job = await newJob();
  const built = await job.run({
    action: "build",
    inputs: {
      model: flights("flights-2.onnx"),
      name: "flights",
      version: "1.4",
      base: (await tinyBase()).reference,
      layout: await scratch("image"),
    },
  });
  expect(built.exitCode, built.raw).toBe(0);
  image = built.outputs.image as string;
});
afterAll(() => Promise.all([job?.end(), removeScratch()]));

const scan = async (inputs: Record<string, string>) =>
  job.run({ action: "scan", inputs: { image, scanner: await goTool("trivy"), ...inputs } });

describe("an image of the build action", () => {
  it("passes the scan on both platforms, what was bundled and onnxruntime looked at", async () => {
    const done = await scan({ "cache-dir": await trivyDatabase(await scratch("trivy"), []) });
    expect(done.exitCode, done.raw).toBe(0);
    const evidence = readVulnerabilities(await readFile(done.outputs.evidence as string, "utf8"), "evidence");
    expect(evidence).toMatchObject({ verdict: "pass", subjects: [{ digest: image.split("@")[1] }] });
    expect(evidence.platforms.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
  });

  it("fails for a package inside the server's bundle, and for onnxruntime beside it", async () => {
    const advisory = { ecosystem: "npm", severity: "CRITICAL", fixed: "999.0.0" } as const;
    const cache = await trivyDatabase(await scratch("trivy"), [
      { ...advisory, id: "CVE-2026-2001", package: "fastify" },
      { ...advisory, id: "CVE-2026-2002", package: "onnxruntime-node" },
    ]);
    const done = await scan({ "cache-dir": cache });
    expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "fail" } });
    const errors = errorsOf(done).join("\n");
    expect(errors).toMatch(
      /Upgrade fastify [\d.]+ → 999\.0\.0 in layer \d of \d \(server\) \(linux\/amd64, linux\/arm64\): CVE-2026-2001/,
    );
    expect(errors).toMatch(
      /Upgrade onnxruntime-node [\d.]+ → 999\.0\.0 in \/app\/runtime\/node_modules\/onnxruntime-node/,
    );
  });
});
