import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RolloutError } from "@ml-actions/rollout/error";
import { MemoryPlace, releaseNamed } from "@ml-actions/rollout/memory.testing";
import { describe, expect, it } from "vitest";
import { newSigning } from "../../../test/actions/image-fixture.ts";
import type { Place } from "../../place.ts";
import { definition } from "./definition.ts";
import { deployMany } from "./many.ts";

const candidate = releaseNamed("flights-2");
const inputs = definition.inputs.parse({
  resource: "httproute -l team=search",
  candidate: `ghcr.io/org/flights@sha256:${"a".repeat(64)}`,
  key: newSigning().key,
});

/** A place where nothing serves yet, so that the first release is promoted at once; or one whose pods never get ready. */
function placeNamed(name: string, fault?: Error): Place {
  const memory = new MemoryPlace(null);
  if (fault !== undefined) memory.prepare = async () => Promise.reject(fault);
  const bound = (key: string) =>
    (memory as unknown as Record<string, (...given: never[]) => unknown>)[key]?.bind(memory);
  const methods = (names: string[]) => Object.fromEntries(names.map((one) => [one, bound(one)]));
  return {
    target: "gateway",
    resource: `httproute/${name}`,
    cluster: { namespace: "search", name: "test" },
    kept: null,
    leaseTtlMs: 8_000,
    open: async () => ({
      target: methods(["read", "prepare", "split", "mirror", "promote", "restore"]) as never,
      ledger: methods(["hold", "release", "write", "journal", "lease", "history"]) as never,
      telemetry: methods(["observe"]) as never,
      mirrored: {} as never,
      predictions: async function* () {},
      guard: async () => "required, lives",
      close: () => {},
    }),
  };
}

async function play(places: Place[]) {
  const lines: string[] = [];
  const outputs: Record<string, string> = {};
  const remembered: Record<string, string> = {};
  let summary = "";
  const said = (line: string) => void lines.push(line);
  const context = {
    log: { info: said, warning: said, error: said, notice: said, debug: said, group: async () => {} },
    output: (name: string, value: string) => void Object.assign(outputs, { [name]: value }),
    summary: async (markdown: string) => {
      summary += markdown;
    },
    remember: (key: string, value: string) => void Object.assign(remembered, { [key]: value }),
    directory: mkdtempSync(join(tmpdir(), "ml-actions-many-")),
    signal: new AbortController().signal,
    holder: "https://github.com/org/flights/actions/runs/1",
  };
  const facts = { candidate, modelRelease: null, startedAt: Date.now() };
  const error = await deployMany(places, facts, inputs, context as never).catch((thrown: Error) => thrown);
  return { error, lines, outputs, summary, remembered, results: JSON.parse(outputs.results ?? "[]") };
}

describe("deploy of many resources", () => {
  it("judges each by itself, and tells of all in one summary", async () => {
    const names = ["a", "b", "c", "d"];
    const { error, outputs, summary, results, lines, remembered } = await play(
      names.map((name) => placeNamed(name)),
    );
    expect(error).toBeUndefined();
    expect(outputs).toMatchObject({ stage: "promoted", verdict: "inconclusive" });
    expect(results.map(({ wave }: { wave: number }) => wave)).toEqual([1, 2, 2, 3]);
    expect(results[3]).toMatchObject({
      resource: "httproute/d",
      stage: "promoted",
      guard: "required, lives",
    });
    expect(summary).toMatch(/serves 4 of 4 resources/);
    expect(lines).toContain("[httproute/c] Wave 2 of 3");
    expect(readFileSync(results[0].report, "utf8")).toContain("httproute/a");
    expect(existsSync(results[1].metrics)).toBe(true);
    expect(remembered.open).toBe("[]");
  });

  it("begins nothing more after one that failed, and says of which", async () => {
    const fault = new RolloutError("not-ready", "its pods do not start: ImagePullBackOff", "See the image.");
    const places = [
      placeNamed("a"),
      placeNamed("b", fault),
      placeNamed("c"),
      placeNamed("d"),
      placeNamed("e"),
    ];
    const { error, outputs, results, summary } = await play(places);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toEqual([fault]);
    expect(outputs).toMatchObject({ stage: "restored", verdict: "inconclusive" });
    expect(results.map(({ stage }: { stage: string }) => stage)).toEqual([
      "promoted",
      "restored",
      "promoted",
      "not-begun",
      "not-begun",
    ]);
    expect(results[3].reason).toBe("httproute/b was not promoted");
    expect(summary).toMatch(/serves 2 of 5 resources: 1 restored, 2 not begun/);
    expect(summary).toContain("ImagePullBackOff");
  });

  it("leaves those beside one that failed alone: they go to their own end, and the summary names the one", async () => {
    const fault = new RolloutError("not-ready", "its pods do not start: OOMKilled", "Give it memory.");
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    const places = names.map((name) => (name === "e" ? placeNamed(name, fault) : placeNamed(name)));
    const { error, outputs, results, summary, remembered } = await play(places);
    expect((error as AggregateError).errors).toEqual([fault]);
    expect((error as AggregateError).message).toContain("serves 6 of 7 resources");
    expect(outputs).toMatchObject({ stage: "restored", verdict: "inconclusive" });
    const promoted = results.filter(({ stage }: { stage: string }) => stage === "promoted");
    expect(promoted.map(({ resource }: { resource: string }) => resource.at(-1)).join("")).toBe("abcdfg");
    expect(promoted.every(({ stable }: { stable: string }) => stable === candidate.digest)).toBe(true);
    const [first, ...rows] = summary.split("\n").filter((line) => line.includes("httproute/"));
    expect(first).toMatch(/httproute\/e.*OOMKilled/);
    expect(rows.filter((row) => row.includes("restored"))).toHaveLength(1);
    expect(readFileSync(results[4].report, "utf8")).toContain("OOMKilled");
    expect(remembered.open).toBe("[]");
  });

  it("counts one that could not even be opened as failed", async () => {
    const broken = { ...placeNamed("b"), open: async () => Promise.reject(new Error("boom")) };
    const { error, outputs, results, remembered } = await play([placeNamed("a"), broken]);
    expect((error as AggregateError).errors[0]).toMatchObject({ message: "boom" });
    expect(outputs.stage).toBe("failed");
    expect(results[1]).toMatchObject({ stage: "failed", verdict: null, reason: "boom" });
    expect(remembered.open).toBe('["httproute/b"]');
  });
});
