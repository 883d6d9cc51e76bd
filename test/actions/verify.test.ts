/** The built chain, each action as the runner runs it: a model is judged, built into an image, signed, verified. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifySigned } from "@ml-actions/evidence/signing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { githubIssuer, type RunningSigstore, startSigstore } from "../components/sigstore.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { tinyBase } from "./build-base.ts";
import { evaluationSample, flights, newJob } from "./suite.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
let job: Job;
let sigstore: RunningSigstore;
let image: string;
let papers: string[];
let roots: { "trusted-root": string; "signing-config": string };

beforeAll(async () => {
  [job, sigstore] = [await newJob(), await startSigstore()];
  const file = (name: string, value: unknown) => {
    writeFileSync(join(job.workspace, name), JSON.stringify(value));
    return name;
  };
  roots = {
    "trusted-root": file("trusted_root.json", sigstore.trustedRoot),
    "signing-config": file("signing_config.json", sigstore.signingConfig),
  };
  const model = flights("flights-2.onnx");
  const gates = "auc >= 0.65";
  const judged = await done("eval-gate", { model, dataset: evaluationSample, gates });
  const base = (await tinyBase()).reference;
  const built = await done("build", { model, name: "flights", version: "1.4", base, layout: "image" });
  image = built.outputs.image as string;
  papers = [judged.outputs.evidence as string, built.outputs.provenance as string];
}, 300_000);
afterAll(async () => {
  await job?.end();
  await sigstore?.stop();
});

const run = (action: string, inputs: Record<string, string>, env = {}): Promise<PhaseResult> =>
  job.run({ action, inputs, env });

async function done(action: string, inputs: Record<string, string>, env = {}): Promise<PhaseResult> {
  const result = await run(action, inputs, env);
  expect(result.exitCode, result.raw).toBe(0);
  return result;
}

describe("an image signed as the workflow", () => {
  const asked = () => ({ image, identity: workflow.replace("main", "*"), "max-age": "1h", ...roots });

  it("is refused before it is signed, each check with its own annotation", async () => {
    const verified = await run("verify", { ...asked(), require: "build, eval" });
    expect(verified.exitCode).toBe(1);
    expect(verified.outputs).toMatchObject({ verdict: "fail", passed: "false" });
    expect(errorsOf(verified).map((error) => error.split(":")[0])).toEqual(["signature", "build", "eval"]);
    expect(verified.refused).toEqual([]);
  });

  it("verifies once it is, and the summary of that is signed by the workflow as well", async () => {
    await done("sign", { image, evidence: papers.join("\n"), ...roots }, sigstore.runner(workflow));
    const verified = await done("verify", { ...asked(), require: "build, eval" }, sigstore.runner(workflow));
    expect(verified.outputs).toMatchObject({ verdict: "pass", passed: "true" });
    expect(verified.log).toMatch(
      /evidence +signer +age +verdict\nsignature +https:.* pass\n {2}.*\nbuild .* pass\n {2}built by .*\neval .* pass\n {2}PASSED/,
    );
    expect(verified.summary).toMatch(/carries the evidence that it needs/);
    const trust = {
      kind: "identity",
      identity: workflow,
      issuer: githubIssuer,
      trustedRoot: sigstore.trustedRoot,
    } as const;
    const signed = await verifySigned(readFileSync(verified.outputs.bundle as string, "utf8"), trust);
    expect(signed.statement.predicateType).toBe("https://slsa.dev/verification_summary/v1");
    expect(signed.statement.predicate).toMatchObject({ verificationResult: "PASSED" });
  });

  it("is refused for what is missing, and for another workflow", async () => {
    const unscanned = await run("verify", asked());
    expect(errorsOf(unscanned)).toEqual([expect.stringMatching(/^scan: No evidence of scan is attached/)]);
    const evil = { ...asked(), identity: workflow.replace("deliver.yml", "deliver"), require: "eval" };
    expect(errorsOf(await run("verify", evil))[0]).toMatch(
      /It is signed by .*deliver.yml@.*; expected .*deliver@/,
    );
  });

  it("is not verified without a policy, or by its tag", async () => {
    expect(errorsOf(await run("verify", { image }))[0]).toMatch(
      /neither a key nor an identity[\s\S]*key: cosign.pub/,
    );
    const tagged = await run("verify", { ...asked(), image: image.replace(/@.*/, ":latest") });
    expect(errorsOf(tagged)[0]).toMatch(/by a tag, which anyone may move/);
    expect(tagged.outputs).toMatchObject({ verdict: "inconclusive", passed: "false" });
  });
});
