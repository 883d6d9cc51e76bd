import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSection } from "./config.ts";

const known = {
  action: "eval-gate",
  actions: ["eval-gate", "shadow"],
  inputs: ["gates", "confidence", "slices"],
};
const read = (text: string) => readSection(text, "delivery.yaml", known);
const problemsOf = async (text: string) =>
  (await read(text)).problems.map(({ message, place }) => `${place.line}:${place.column} ${message}`);

describe("delivery.yaml", () => {
  it("gives the values of the action's section, each with its place", async () => {
    const text =
      "# ours\nshadow:\n  gates: x\neval-gate:\n  confidence: 0.9\n  gates:\n    - f1 >= 0.5\n    - auc >= 0.6\n";
    const { values, problems } = await read(text);
    expect(problems).toEqual([]);
    expect(Object.fromEntries(values)).toEqual({
      confidence: { value: 0.9, place: { file: "delivery.yaml", line: 5, column: 3 } },
      gates: { value: ["f1 >= 0.5", "auc >= 0.6"], place: { file: "delivery.yaml", line: 6, column: 3 } },
    });
  });

  it("is fine when it is empty or speaks of other actions alone", async () => {
    for (const text of ["", "# nothing\n", "shadow: {gates: x}", "x-any: [1]"]) {
      expect(await read(text)).toEqual({ values: new Map(), problems: [] });
    }
  });

  it("lets anchors under x- be shared", async () => {
    const { values, problems } = await read("x-columns: &columns [a, b]\neval-gate:\n  slices: *columns\n");
    expect(problems).toEqual([]);
    expect(values.get("slices")?.value).toEqual(["a", "b"]);
  });

  it("names misspelt sections and inputs, with their place and what was meant", async () => {
    expect(await problemsOf("eval_gate:\n  gates: x\n")).toEqual([
      '1:1 there is no section "eval_gate"; did you mean `eval-gate`?',
    ]);
    expect(await problemsOf("eval-gate:\n  gate: x\n  confidense: 1\n")).toEqual([
      '2:3 there is no input "gate"; did you mean `gates`?',
      '3:3 there is no input "confidense"; did you mean `confidence`?',
    ]);
    expect(await problemsOf("something: 1")).toEqual([
      '1:1 there is no section "something"; known are eval-gate, shadow',
    ]);
  });

  it("gives the line and column of broken YAML", async () => {
    const [problem] = await problemsOf("eval-gate:\n  gates: [a, b\n");
    expect(problem).toMatch(/^3:1 is not valid YAML/);
  });

  it("refuses a key that is there twice", async () => {
    expect((await problemsOf("eval-gate:\n  gates: a\n  gates: b\n"))[0]).toMatch(
      /^3:3 is not valid YAML.*unique/,
    );
  });

  it("refuses what is no map, a section without inputs, an input without a value", async () => {
    expect((await problemsOf("- a\n- b\n"))[0]).toContain("expected the names of actions as keys");
    expect(await problemsOf("eval-gate: yes\n")).toEqual(["1:1 `eval-gate`: expected inputs as keys"]);
    expect(await problemsOf("eval-gate:\n  gates:\n")).toEqual([
      "2:3 has no value: give it one or remove the line",
    ]);
  });

  it("does not take __proto__ for a place to write to", async () => {
    const { problems } = await read(
      "eval-gate:\n  __proto__: {polluted: true}\n  gates: {__proto__: {polluted: true}}\n",
    );
    expect(problems[0]?.message).toContain('no input "__proto__"');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("survives an alias bomb, deep nesting and sheer size, quickly", async () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 0; i < 9; i++) {
      const [name, before] = [String.fromCharCode(98 + i), String.fromCharCode(97 + i)];
      bomb.push(`x-${name}: &${name} [${Array(10).fill(`*${before}`).join(", ")}]`);
    }
    bomb[0] = `x-${bomb[0]}`;
    bomb.push("eval-gate:", "  gates: *j");
    const startedMs = performance.now();
    expect((await read(bomb.join("\n"))).problems[0]?.message).toContain("alias");
    expect((await read(`eval-gate: {gates: ${"[".repeat(50_000)}`)).problems).not.toEqual([]);
    expect((await read("x".repeat(300_000))).problems[0]?.message).toContain("larger than 256 KiB");
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it("never throws, whatever the text", async () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          "eval-gate",
          ":",
          " ",
          "\n",
          "\n  ",
          "gates",
          "- ",
          "[",
          "]",
          "{",
          "}",
          "&a",
          "*a",
          "!!",
          "|",
          ">",
          '"',
          "'",
          "#",
          "\t",
          "?",
          "---",
          "%",
          "<<",
          "null",
          ".nan",
          "0",
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(fc.oneof(yamlish, fc.string({ unit: "binary", maxLength: 200 })), async (text) => {
        const { problems, values } = await read(text);
        for (const problem of problems) expect(problem.message).not.toBe("");
        for (const name of values.keys()) expect(known.inputs).toContain(name);
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});
