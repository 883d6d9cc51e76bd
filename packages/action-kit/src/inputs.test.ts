import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { choice, config, duration, lines, number, text } from "./fields.ts";
import { parseInputs, secretsOf } from "./inputs.ts";

const inputs = z
  .object({
    gates: lines().prefault("f1 >= baseline").describe("What must hold"),
    "decision-rule": choice(["estimate", "refute"]).prefault("estimate").describe("The rule"),
    confidence: number({ min: 0.5, max: 1 }).prefault(0.95).describe("How sure"),
    interval: duration().prefault("10s").describe("How often"),
    model: text().describe("The candidate's file"),
    token: text().meta({ secret: true }).optional().describe("A secret"),
    config: config(),
  })
  .superRefine((given, context) => {
    if (given.confidence > 0.99 && given["decision-rule"] === "estimate") {
      context.addIssue({
        code: "custom",
        path: ["decision-rule"],
        message: "has no use for such confidence",
      });
    }
    if (given.model === "both") {
      context.addIssue({ code: "custom", path: ["token"], message: "is missing: `model: both` needs it" });
    }
  });
const definition = { name: "eval-gate", inputs, readsConfig: true };

const folder = mkdtempSync(join(tmpdir(), "inputs-"));
const configFile = join(folder, "delivery.yaml");
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(configFile, { force: true }));

const parse = (environment: Record<string, string>) => parseInputs(definition, environment, folder);
const valuesOf = async (environment: Record<string, string>) => {
  const parsed = await parse(environment);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join("\n"));
  return parsed.inputs;
};
const problemsOf = async (environment: Record<string, string>) => {
  const parsed = await parse(environment);
  return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
};

describe("the inputs of an action", () => {
  it("come from the workflow, before the file, before the defaults", async () => {
    writeFileSync(
      configFile,
      "eval-gate:\n  confidence: 0.9\n  decision-rule: refute\n  gates: [a, 'b, c']\n",
    );
    const values = await valuesOf({ INPUT_MODEL: "m.onnx", INPUT_CONFIDENCE: "0.8" });
    expect(values).toEqual({
      model: "m.onnx",
      confidence: 0.8,
      "decision-rule": "refute",
      gates: ["a", "b, c"],
      interval: 10_000,
    });
  });

  it("count as not given when they are empty or blank", async () => {
    expect(
      (await valuesOf({ INPUT_MODEL: " m ", INPUT_CONFIDENCE: "", INPUT_GATES: " \n" })).confidence,
    ).toBe(0.95);
    expect((await problemsOf({ INPUT_MODEL: "  " }))[0]).toMatch(/^`model` is missing/);
  });

  it("are reported with all their problems at once, each by name", async () => {
    const problems = await problemsOf({
      "INPUT_DECISION-RULE": "refutes",
      INPUT_CONFIDENCE: "2",
      INPUT_INTERVAL: "10",
      INPUT_GATE: "x",
    });
    expect(problems).toEqual([
      'There is no input "gate"; did you mean `gates`?',
      '`decision-rule`: expected one of `estimate`, `refute`, got "refutes"; did you mean `refute`?',
      '`confidence`: expected a number from 0.5 to 1, got "2"',
      expect.stringContaining("`interval`: expected a duration"),
      "`model` is missing: give it as an input, or under `eval-gate:` in delivery.yaml. It is: The candidate's file",
    ]);
  });

  it("are checked against each other although one alone is wrong", async () => {
    expect(await problemsOf({ INPUT_MODEL: "both", INPUT_CONFIDENCE: "2" })).toEqual([
      '`confidence`: expected a number from 0.5 to 1, got "2"',
      "`token` is missing: `model: both` needs it",
    ]);
  });

  it("are not checked a second time where they failed", async () => {
    expect(
      await problemsOf({ INPUT_MODEL: "m", INPUT_CONFIDENCE: "0.999", "INPUT_DECISION-RULE": "estimat" }),
    ).toEqual([expect.stringMatching(/^`decision-rule`: expected one of/)]);
    expect(await problemsOf({ INPUT_MODEL: "m", INPUT_CONFIDENCE: "0.999" })).toEqual([
      "`decision-rule` has no use for such confidence",
    ]);
  });

  it("say where in the file a wrong value stands", async () => {
    writeFileSync(configFile, "eval-gate:\n  model: m\n  confidence: high\n  gates: [1, {a: b}]\n");
    const parsed = await parse({});
    expect(parsed.ok ? [] : parsed.problems).toEqual([
      {
        message: expect.stringMatching(/^`gates` \(delivery.yaml:4:3\): expected/),
        place: expect.anything(),
      },
      {
        message: '`confidence` (delivery.yaml:3:3): expected a number from 0.5 to 1, got "high"',
        place: { file: "delivery.yaml", line: 3, column: 3 },
      },
    ]);
  });

  it("may stand in another file, which then must be there", async () => {
    mkdirSync(join(folder, "ci"), { recursive: true });
    writeFileSync(join(folder, "ci/gates.yaml"), "eval-gate: {model: other}");
    expect((await valuesOf({ INPUT_CONFIG: "ci/gates.yaml" })).model).toBe("other");
    expect(await problemsOf({ INPUT_MODEL: "m", INPUT_CONFIG: "ci/none.yaml" })).toEqual([
      "ci/none.yaml: there is no such file; is the repository checked out before this step?",
    ]);
    expect(await problemsOf({ INPUT_MODEL: "m", INPUT_CONFIG: "ci" })).toEqual(["ci: is not a file"]);
  });

  it("do not come from a file that the action does not read", async () => {
    writeFileSync(configFile, "eval-gate: {model: m}");
    const parsed = await parseInputs({ name: "eval-gate", inputs }, {}, folder);
    expect(parsed.ok).toBe(false);
  });

  it("are secret where a file's text is given in place of its path", async () => {
    const kube = {
      ...definition,
      inputs: z.object({ kubeconfig: text().meta({ secret: "text" }).describe("A kubeconfig") }),
    };
    expect(secretsOf(kube, { INPUT_KUBECONFIG: "kube/config\n" })).toEqual([]);
    const given = "apiVersion: v1\ntoken: hunter2";
    expect(secretsOf(kube, { INPUT_KUBECONFIG: given })).toEqual([given]);
  });

  it("keep secrets out of files and messages", async () => {
    writeFileSync(configFile, "eval-gate:\n  model: m\n  token: hunter2\n");
    const problems = await problemsOf({});
    expect(problems).toEqual([
      "delivery.yaml:3:3: `token` is a secret: give it as an input, never in a file",
    ]);
    expect(secretsOf(definition, { INPUT_TOKEN: "hunter2", INPUT_MODEL: "m" })).toEqual(["hunter2"]);
    const strict = {
      name: "x",
      inputs: z.object({ token: number().meta({ secret: true }).describe("A pin") }),
    };
    const parsed = await parseInputs(strict, { INPUT_TOKEN: "hunter2" }, folder);
    expect(JSON.stringify(parsed)).not.toContain("hunter2");
    expect(secretsOf(strict, { INPUT_TOKEN: "hunter2" })).toEqual(["hunter2"]);
  });

  it("name a field that is a secret behind a default or an option too", () => {
    const wrapped = z.object({
      a: text().meta({ secret: true }).optional().describe("x"),
      b: text().describe("y"),
    });
    expect(secretsOf({ inputs: wrapped }, { INPUT_A: "s", INPUT_B: "t" })).toEqual(["s"]);
  });

  it("end in values or in named problems, whatever is given", async () => {
    const name = fc.constantFrom(
      "MODEL",
      "GATES",
      "CONFIDENCE",
      "INTERVAL",
      "DECISION-RULE",
      "TOKEN",
      "__PROTO__",
      "CONSTRUCTOR",
      "TOSTRING",
      "GATE",
      "",
    );
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "::set-output name=x::y",
        "a\n::error::b",
        "$(id)",
        "`id`",
        "<script>",
        "../../etc/passwd",
        "__proto__",
        "0.9",
        "10s",
        "NaN",
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          name.map((key) => `INPUT_${key}`),
          value,
        ),
        async (environment) => {
          const parsed = await parse(environment as Record<string, string>);
          if (parsed.ok) expect(parsed.inputs.confidence).toBeGreaterThanOrEqual(0.5);
          else for (const { message } of parsed.problems) expect(message).toMatch(/`|There is no input/);
        },
      ),
      { numRuns: 150, seed: 3 },
    );
  });
});
