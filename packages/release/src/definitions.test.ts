import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ActionDefinition } from "@ml-actions/action-kit";
import { duration, filePath, text } from "@ml-actions/action-kit/fields";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { definition as sample } from "../../../test/runner/sample/actions/sample/src/definition.ts";
import { actionYml } from "./action-yml.ts";
import { actionNamesIn, faultsOf, readDefinitions } from "./definitions.ts";
import { actionReference, replaceGenerated, suiteReference } from "./reference.ts";

const plain = sample as unknown as ActionDefinition;
const withInputs = (shape: z.core.$ZodShape, changes: Partial<ActionDefinition> = {}): ActionDefinition => ({
  ...plain,
  readsConfig: false,
  inputs: z.object(shape),
  ...changes,
});

describe("a definition", () => {
  it("is found by its folder", async () => {
    const folder = resolve(import.meta.dirname, "../../../test/runner/sample/actions");
    expect(await actionNamesIn(folder)).toEqual(["sample"]);
    expect(await readDefinitions(folder)).toEqual([sample]);
    expect(await actionNamesIn("/nowhere")).toEqual([]);
  });

  it("without faults has none", () => {
    expect(faultsOf(plain, "sample")).toEqual([]);
    expect(faultsOf(withInputs({ a: filePath().prefault("not-there.txt").describe("x") }), "sample")).toEqual(
      [],
    );
  });

  it.each<[string, ActionDefinition]>([
    ["its name is sample, its folder other", plain],
    ["its description is over 125 characters", { ...plain, description: "x".repeat(126) }],
    [
      "no Feather icon of GitHub's is named coffee",
      { ...plain, branding: { icon: "coffee", color: "blue" } },
    ],
    ["no branding colour pink", { ...plain, branding: { icon: "box", color: "pink" } }],
    ["has no input `config`", withInputs({}, { readsConfig: true })],
    ["input Aa is not kebab-case", withInputs({ Aa: text().describe("x") })],
    ["input a has no description", withInputs({ a: text() })],
    ["input a refuses every text", withInputs({ a: z.number().describe("x") })],
    [
      "the default of a cannot be written as text (5000)",
      withInputs({ a: duration().default(5000).describe("x") }),
    ],
    ["output Bad is not kebab-case", { ...plain, outputs: { Bad: "x" }, safeOutputs: {} }],
    ["output a has no description", { ...plain, outputs: { a: " " }, safeOutputs: {} }],
    ["safe output b is no output", { ...plain, outputs: { a: "x" }, safeOutputs: { b: "x" } }],
  ])("is refused because %s", (fault, definition) => {
    expect(faultsOf(definition, "other").join("\n")).toContain(fault);
  });
});

describe("what is generated from it", () => {
  const definition = withInputs({
    a: text().prefault("x, y").describe("A bar | and\na line"),
    b: text().describe("Needed"),
    c: text().optional().describe("Perhaps."),
  });

  it("says required and default in action.yml, unless a file may hold them", () => {
    expect(actionYml(definition)).toContain(
      "inputs:\n  a:\n    description: |-\n      A bar | and\n      a line\n    required: false\n    default: x, y\n  b:\n    description: Needed\n    required: true\n",
    );
    const reading = actionYml({ ...definition, readsConfig: true });
    expect(reading).not.toMatch(/default:|required: true/);
    expect(reading).toContain("Default: x, y");
    expect(reading).toContain("Needed. Required, here or in delivery.yaml.");
  });

  it("is the action.yml that the sample has", async () => {
    const file = resolve(import.meta.dirname, "../../../test/runner/sample/actions/sample/action.yml");
    expect(await readFile(file, "utf8")).toBe(actionYml(plain));
  });

  it("keeps table cells on one row and in one cell", () => {
    const reference = actionReference(definition);
    expect(reference).toContain("| `a` | `x, y` | A bar \\| and<br>a line |");
    expect(reference).toContain("| `b` | **required** | Needed |");
    expect(reference).toContain("| `early` | `unknown` | Known before |");
    expect(reference).toContain("| `contents` | read the checkout |");
    expect(suiteReference([definition])).toContain("| [`sample`](#sample) | Does what a test asks of it |");
  });

  it("is the same each time, and appended where there are no markers yet", () => {
    expect(actionYml(plain)).toBe(actionYml(plain));
    const once = replaceGenerated("# Mine", "table");
    expect(once).toMatch(/^# Mine\n\n<!-- generated/);
    expect(replaceGenerated(once, "table")).toBe(once);
  });
});
