import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import { formatStatement, testResultStatement } from "@ml-actions/evidence";
import { testResult } from "@ml-actions/evidence/example";
import { formatProfile, ProfileBuilder } from "@ml-actions/gates/drift";
import { releaseFromModel } from "@ml-actions/rollout/release";
import { describe, expect, it } from "vitest";
import type { BuildInputs, BuildOutputs } from "./definition.ts";
import { readModel } from "./model.ts";

const root = join(import.meta.dirname, "../../..");
const flights = (name: string) => join(root, "test/fixtures/flights", name);
const directory = mkdtempSync(join(tmpdir(), "ml-actions-build-model-"));

const file = (name: string, content: string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

const context = {
  programs: { inference: join(root, "packages/serving/src/programs/inference.ts") },
  log: { info: () => {} },
} as unknown as ActionContext<BuildOutputs>;

const read = async (inputs: Partial<BuildInputs>) => {
  const given = { model: flights("flights-2.onnx"), name: "flights", ...inputs } as BuildInputs;
  const model = await readModel(given, context);
  await model.proof;
  return model;
};

const evidenceAbout = (digest: string) =>
  file("evidence.json", formatStatement(testResultStatement(testResult({ subject: { name: "m", digest } }))));

describe("the model of an image", () => {
  it("loads, answers its probe, and is named by its digests", async () => {
    const { digest } = await releaseFromModel(flights("flights-2.onnx"));
    const profile = file("profile.json", formatProfile(new ProfileBuilder().profile()));
    const model = await read({ evidence: evidenceAbout(digest), profile });
    expect(model.contract.model).toBe("flights");
    expect(model.contractFile.path).toBe(flights("flights-2.contract.json"));
    expect(model.profile?.path).toBe(profile);
    expect(model.evidence).toMatchObject({
      result: "PASSED",
      card: { dataset: { name: "dataset_v20131231", version: "20131231" } },
    });
  });

  it("may be named by evidence alone, without its contract", async () => {
    const { model } = await releaseFromModel(flights("flights-2.onnx"));
    expect((await read({ evidence: evidenceAbout(model.digest) })).evidence).not.toBeNull();
  });

  it("is not taken with evidence of another model", async () => {
    const { digest } = await releaseFromModel(flights("flights-1.onnx"));
    await expect(read({ evidence: evidenceAbout(digest) })).rejects.toMatchObject({
      message: expect.stringContaining(
        `speaks of ${digest}; the model and its contract together are sha256:`,
      ),
      remedy: expect.stringMatching(/run eval-gate on them/),
    });
  });

  it.each<[string, Partial<BuildInputs>, RegExp]>([
    [
      "no contract",
      { model: file("alone.onnx", "x") },
      /there is no contract file at .*alone\.contract\.json/,
    ],
    ["no contract but JSON", { contract: file("c.json", "{}") }, /c\.json is not a sound contract/],
    ["no JSON for a contract", { contract: file("d.json", "\u0000::error::x") }, /d\.json is not JSON/],
    [
      "no ONNX",
      { model: file("e.onnx", "not a model"), contract: flights("flights-2.contract.json") },
      /cannot load/,
    ],
    [
      "an empty model",
      { model: file("f.onnx", ""), contract: flights("flights-2.contract.json") },
      /cannot load/,
    ],
    ["no profile", { profile: file("g.json", '{"__proto__": 1}') }, /g\.json/],
    ["no evidence", { evidence: file("h.json", "[]") }, /h\.json has no predicateType/],
    ["no UTF-8 for evidence", { evidence: flights("flights-2.onnx") }, /evidence: .*cannot be read/],
  ])("is refused with one clear error: %s", async (_name, inputs, expected) => {
    const error = await read(inputs).then(
      () => null,
      (thrown: Error & { remedy?: string }) => thrown,
    );
    expect(error?.message).toMatch(expected);
    expect(error?.remedy).toEqual(expect.any(String));
  });
});
