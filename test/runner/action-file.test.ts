import { describe, expect, it } from "vitest";
import { inputVariables, parseActionFile } from "./action-file.ts";

const good = `name: A
description: does
inputs:
  decision-rule: { description: x, default: "estimate" }
outputs: { verdict: { description: y } }
runs: { using: node24, main: index.js, post: post.js }
branding: { icon: box, color: blue }
`;

describe("action.yml", () => {
  it("is read, its defaults become variables, and what is given wins", () => {
    const action = parseActionFile(good);
    expect(inputVariables(action, {})).toEqual({ "INPUT_DECISION-RULE": "estimate" });
    expect(inputVariables(action, { "decision-rule": "prove", "a b": "c" })).toEqual({
      "INPUT_DECISION-RULE": "prove",
      INPUT_A_B: "c",
    });
  });

  it.each([
    ["an unknown key", good.replace("branding:", "brand:")],
    ["an unknown key of an input", good.replace("default:", "defualt:")],
    ["an id GitHub does not take", good.replace("decision-rule", "decision rule")],
    ["a default that is no text", good.replace('"estimate"', "0.5")],
    ["another runtime", good.replace("node24", "node16")],
    ["an icon GitHub does not have", good.replace("icon: box", "icon: smile")],
    ["no description", good.replace("description: does\n", "")],
    [
      "an output with a value, which composite actions alone have",
      good.replace("description: y", "description: y, value: z"),
    ],
  ])("is refused with %s", (_fault, text) => {
    expect(() => parseActionFile(text)).toThrow("action.yml:");
  });
});
