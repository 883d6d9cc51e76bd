import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import { testResult, verdict } from "@ml-actions/evidence/example";
import {
  cosignPassword,
  cosignPrivateKey,
  cosignPublicKey,
} from "@ml-actions/evidence/signing/testing/cosign-pair";
import { testResultStatement } from "@ml-actions/evidence/statement";
import { fileDigest } from "@ml-actions/rollout/release";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../test/actions/image-fixture.ts";
import type { SignInputs, SignOutputs } from "../../sign/src/definition.ts";
import { sign } from "../../sign/src/sign.ts";
import { candidateRelease } from "./candidate.ts";
import { type DeployInputs, type DeployOutputs, definition } from "./definition.ts";

const directory = scratch();
const key = join(directory, "cosign.pub");
writeFileSync(key, cosignPublicKey);
const model = join(directory, "model.onnx");
const repository = `oci:${join(directory, "evidence")}`;
const storageUri = "s3://models/flights/1.2/";
let digest: string;

const contextOf = (outputs: Record<string, string> = {}) =>
  ({
    ...{ directory, holder: "test", signal: new AbortController().signal },
    log: { info() {}, warning() {}, error() {}, debug() {}, notice() {} },
    output: (name: string, value: string) => Object.assign(outputs, { [name]: value }),
    summary: async () => {},
  }) as unknown as ActionContext<SignOutputs> & ActionContext<DeployOutputs>;

async function signed(result: "pass" | "fail", of: string, path = model): Promise<void> {
  const evidence = join(scratch(), "eval.json");
  const judged = testResult({
    subject: { name: "flights", digest: of },
    verdicts: [verdict({ verdict: result })],
  });
  writeFileSync(evidence, JSON.stringify(testResultStatement(judged)));
  const inputs = {
    image: repository,
    model: path,
    evidence: [evidence],
    key: cosignPrivateKey,
    "key-password": cosignPassword,
  } as unknown as SignInputs;
  await sign(inputs, contextOf());
}

function spec(content: { name?: string; digest?: string; predictor?: string } = {}): string {
  const path = join(scratch(), "flights-v2.yaml");
  const said = content.digest ?? digest;
  writeFileSync(
    path,
    `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: ${content.name ?? "flights"}
  namespace: models
  annotations: {${said === "" ? "" : `ml-actions.github.io/model-digest: "${said}"`}}
spec:
  predictor: ${content.predictor ?? `{model: {modelFormat: {name: onnx}, storageUri: "${storageUri}"}}`}
`,
  );
  return path;
}

async function released(given: Record<string, string>, outputs: Record<string, string> = {}) {
  const all = { resource: "inferenceservice/flights", "evidence-repository": repository, key, ...given };
  const inputs = definition.inputs.parse(all) as DeployInputs;
  return candidateRelease(inputs, contextOf(outputs));
}

beforeAll(async () => {
  writeFileSync(model, "weights");
  digest = await fileDigest(model);
  await signed("pass", digest);
});

describe("a model that KServe loads", () => {
  it.each([
    ["by its address and digest", () => `${storageUri}@${digest}`],
    ["by the InferenceService's file", () => spec()],
  ])("is released %s, its evidence verified by the model's digest", async (_, candidate) => {
    const outputs: Record<string, string> = {};
    const release = await released({ candidate: candidate() }, outputs);
    expect(release).toMatchObject({ digest, label: "flights/1.2", model: { digest, uri: storageUri } });
    expect(release.image).toBeUndefined();
    expect(release.verified?.summary).toMatch(/^sha256:/);
    expect(outputs.verification).toContain("verification-summary.json");
  });

  it("is refused when its evidence says fail, or is another model's", async () => {
    const bad = join(directory, "bad.onnx");
    writeFileSync(bad, "other weights");
    const outputs: Record<string, string> = {};
    const unsigned = `${storageUri}@${await fileDigest(bad)}`;
    await expect(released({ candidate: unsigned }, outputs)).rejects.toThrow(/signature, eval did not hold/);
    expect(outputs).toMatchObject({ stage: "refused", verdict: "fail" });
    await signed("fail", await fileDigest(bad), bad);
    await expect(released({ candidate: unsigned })).rejects.toThrow(/: eval did not hold/);
    await expect(signed("pass", digest, bad)).rejects.toMatchObject({ code: "subject" });
  });

  it("is asked for more than its evaluation only where somebody says so", async () => {
    const candidate = `${storageUri}@${digest}`;
    await expect(released({ candidate, require: "eval, scan" })).rejects.toThrow(/: scan did not hold/);
  });

  it("is refused where the file is another's, or does not say which model it is", async () => {
    await expect(released({ candidate: spec({ name: "other" }) })).rejects.toThrow(
      /is of inferenceservice\/other, and resource is `inferenceservice\/flights`/,
    );
    await expect(released({ candidate: spec({ digest: "" }) })).rejects.toThrow(/does not say which model/);
    await expect(released({ candidate: spec(), namespace: "prod" })).rejects.toThrow(
      /is of namespace models/,
    );
    await expect(released({ candidate: spec({ predictor: "{}" }) })).rejects.toMatchObject({
      code: "invalid",
    });
  });

  it.each([
    [{ resource: "httproute/flights" }, "candidate"],
    [{ resource: "isvc -l team=search" }, "candidate"],
    [{ resource: "flights" }, "candidate"],
    [{ "evidence-repository": undefined }, "evidence-repository"],
    [{ key: undefined }, "identity"],
  ])("needs one InferenceService, and who signs: %j", (more, input) => {
    const all = {
      resource: "isvc/flights",
      "evidence-repository": repository,
      key,
      candidate: `${storageUri}@${digest}`,
    };
    const { error } = definition.inputs.safeParse({ ...all, ...more });
    expect(error?.issues.map(({ path }) => path.join("."))).toContain(input);
  });
});
