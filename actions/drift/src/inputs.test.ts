import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseGates } from "@ml-actions/gates/language";
import { describe, expect, it } from "vitest";
import { problemsOf } from "./combinations.ts";
import { parseImportance } from "./importance.ts";
import { parseRetrainAddress } from "./retrain-address.ts";

const fileWith = (content: string) => {
  const path = join(mkdtempSync(join(tmpdir(), "ml-actions-importance-")), "importance.json");
  writeFileSync(path, content);
  return path;
};

describe("a place to ask for a retraining", () => {
  const here = { repository: null };
  const there = { repository: { owner: "org", repo: "models.v2" } };
  it.each([
    ["retrain.yml", { kind: "workflow", ...here, workflow: "retrain.yml", ref: null }],
    [" retrain.yaml@release/1 ", { kind: "workflow", ...here, workflow: "retrain.yaml", ref: "release/1" }],
    [".github/workflows/retrain.yml", { kind: "workflow", ...here, workflow: "retrain.yml", ref: null }],
    ["org/models.v2/retrain.yml@v1", { kind: "workflow", ...there, workflow: "retrain.yml", ref: "v1" }],
    ["repository_dispatch:drift", { kind: "event", ...here, eventType: "drift" }],
    ["org/models.v2:drift", { kind: "event", ...there, eventType: "drift" }],
  ])("is %s", (text, address) => {
    expect(parseRetrainAddress(text)).toEqual(address);
  });

  it.each([
    "",
    "retrain",
    "retrain.yml@",
    "../retrain.yml@main",
    "org/models",
    "a/b/c/d.yml@main",
    "org/models:",
    "org/models:a b",
    "retrain.yml\n::error::x",
    `org/models:${"x".repeat(101)}`,
  ])("is not %j", (text) => {
    expect(() => parseRetrainAddress(text)).toThrow(/expected a workflow file or an event/);
  });

  it("elsewhere needs its branch", () => {
    expect(() => parseRetrainAddress("org/models/retrain.yml")).toThrow(/which branch/);
  });
});

describe("importance", () => {
  it("is JSON, or a file of JSON", () => {
    expect(parseImportance('{"temp": 0.4, "__proto__": 1}')).toEqual(
      JSON.parse('{"temp": 0.4, "__proto__": 1}'),
    );
    expect(parseImportance(fileWith(' {"temp": 1}'))).toEqual({ temp: 1 });
  });

  it.each([
    ['{"temp": -1, "a": "b", "c": null}', /"temp": -1, "a": "b", "c": null/],
    ['{"temp": 1e999}', /expected weights from 0/],
    ["{temp: 1}", /expected a JSON object/],
    ["nowhere.json", /nor a file that can be read: "nowhere.json" \(ENOENT\)/],
  ])("%s is refused", (text, message) => {
    expect(() => parseImportance(text)).toThrow(message);
  });

  it("in a file must be an object, and not endless", () => {
    expect(() => parseImportance(fileWith("[1]"))).toThrow(/expected a JSON object/);
    expect(() => parseImportance(fileWith("{}".padEnd(2 << 20)))).toThrow(/bytes, at most/);
  });
});

describe("inputs that do not go together", () => {
  const given = { gates: parseGates("psi <= 0.2"), "on-drift": ["report" as const] };
  const messages = (changes: Partial<Parameters<typeof problemsOf>[0]>) =>
    problemsOf({ ...given, ...changes }).map(({ input, message }) => `${input}: ${message}`);

  it("are none in a plain run", () => {
    expect(messages({})).toEqual([]);
    expect(messages({ gates: parseGates("psi{feature=temp} <= 0.1"), columns: ["temp"] })).toEqual([]);
    expect(messages({ gates: parseGates("estimated_f1 >= 0.4"), predictions: "p.csv" })).toEqual([]);
    expect(messages({ "on-drift": ["alert"], "slack-webhook": "https://x" })).toEqual([]);
  });

  it("are all named at once", () => {
    const all = messages({ "on-drift": ["alert", "retrain", "degrade"] });
    expect(all).toHaveLength(4);
    expect(all.join("\n")).toMatch(
      /alert.*receiver[\s\S]*retrain.*retrain-workflow[\s\S]*fallback[\s\S]*resource/,
    );
  });

  it.each([
    [{ "slack-webhook": "https://x" }, /on-drift: has no `alert`, but `slack-webhook` is given/],
    [{ "pagerduty-routing-key": "x" }, /no `alert`, but `pagerduty-routing-key`/],
    [{ fallback: { kind: "file" as const, path: "x.onnx" } }, /no `degrade`/],
    [{ gates: parseGates("estimated_auc >= 0.6") }, /needs `predictions`/],
    [{ predictions: "p.csv" }, /no gate asks/],
    [{ gates: parseGates("psi <= baseline + 0.1") }, /its bound is a number/],
    [{ gates: parseGates("psi{carrier=UA} <= 0.1") }, /braces name a feature/],
    [{ gates: parseGates("psi{feature=temp} <= 0.1"), columns: ["wind"] }, /not among `columns`/],
  ])("are refused: %j", (changes, message) => {
    expect(messages(changes)).toHaveLength(1);
    expect(messages(changes)[0]).toMatch(message);
  });
});
