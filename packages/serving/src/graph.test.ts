import { beforeAll, describe, expect, it } from "vitest";
import type { Contract } from "./contract.ts";
import type { ServingError } from "./errors.ts";
import { checkGraph } from "./graph.ts";
import type { GraphValue } from "./messages.ts";
import { testContract } from "./testing/models.ts";

let contract: Contract;
let binary: Contract;
beforeAll(async () => {
  contract = await testContract("classes");
  binary = await testContract("moody");
});

const x: GraphValue = { name: "x", datatype: "float32", shape: ["rows", 2] };
const probabilities: GraphValue = { name: "probabilities", datatype: "float32", shape: ["rows", 3] };

function problems(inputs: GraphValue[], outputs: GraphValue[], against = contract): string[] {
  try {
    checkGraph(against, { inputs, outputs }, "model.onnx");
    return [];
  } catch (error) {
    expect((error as ServingError).code).toBe("model-contract");
    return (error as ServingError).problems;
  }
}

describe("a graph", () => {
  it("is taken when it is the contract's, with sizes that vary or not", () => {
    expect(problems([x], [probabilities])).toEqual([]);
    expect(problems([{ ...x, shape: ["", ""] }], [{ ...probabilities, shape: [] }])).toEqual([]);
  });

  it.each<[string, Partial<GraphValue>, string]>([
    ["another name", { name: "X" }, 'the graph has no input "x"; did you mean "X"?'],
    ["another datatype", { datatype: "float64" }, "is float64, the contract says float32"],
    ["float16", { datatype: "float16" }, "float16 is not supported"],
    ["another rank", { shape: ["rows", 2, 1] }, "has the shape [rows, 2, 1]"],
    ["another width", { shape: ["rows", 3] }, "has 3 columns, the contract feeds 2 features"],
    ["one row only", { shape: [1, 2] }, "takes 1 rows only"],
    ["no tensor", { datatype: null, shape: [] }, "is no tensor"],
  ])("is refused with an input of %s", (_name, change, message) => {
    expect(problems([{ ...x, ...change }], [probabilities])[0]).toContain(message);
  });

  it("is refused when it needs an input that the contract does not feed", () => {
    const needed = problems([x, { ...x, name: "y" }], [probabilities]);
    expect(needed).toEqual(['the graph needs the input "y", which the contract does not feed']);
  });

  it.each<[string, Partial<GraphValue>, string]>([
    ["another name", { name: "label" }, 'the graph has no output "probabilities" (it has "label")'],
    ["no tensor", { datatype: null, shape: [] }, "zipmap: False"],
    ["strings", { datatype: "string" }, "is string, which is no number"],
    ["another width", { shape: ["rows", 4] }, "has 4 columns, the contract names 3 classes"],
    ["another rank", { shape: ["rows", 3, 1] }, "it must be [rows] or [rows, columns]"],
  ])("is refused with an output of %s", (_name, change, message) => {
    expect(problems([x], [{ ...probabilities, ...change }])[0]).toContain(message);
  });

  it("with two columns needs to be told which is the score", () => {
    const one = [{ ...x, shape: ["rows", 1] }];
    const two = [{ name: "score", datatype: "float32", shape: ["rows", 2] }];
    expect(problems(one, two, binary)[0]).toContain("output.column must say which one is the answer");
    expect(problems(one, two, { ...binary, output: { name: "score", column: 1 } })).toEqual([]);
    const beyond = problems(one, two, { ...binary, output: { name: "score", column: 2 } });
    expect(beyond[0]).toContain("the contract takes column 2 (counted from 0)");
  });
});
