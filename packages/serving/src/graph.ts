/** Whether a graph is the one its contract describes. onnxruntime ignores inputs it does not know and finds a wrong
 * shape only when rows arrive, so everything is compared before a model is called ready. */
import type { Contract, GraphInput } from "./contract.ts";
import { quote, ServingError } from "./errors.ts";
import type { GraphValue } from "./messages.ts";
import { didYouMean } from "./suggest.ts";

/** Throws `ServingError` code `model-contract` with every disagreement. */
export function checkGraph(
  contract: Contract,
  graph: { inputs: GraphValue[]; outputs: GraphValue[] },
  modelPath: string,
): void {
  const problems = [...inputProblems(contract, graph.inputs), ...outputProblems(contract, graph.outputs)];
  if (problems.length === 0) return;
  throw new ServingError(
    "model-contract",
    `the model ${modelPath} is not what its contract says:\n  ${problems.join("\n  ")}`,
    {
      problems,
      remedy: "Write the contract for this graph, or export the graph that the contract describes.",
    },
  );
}

function inputProblems(contract: Contract, inputs: GraphValue[]): string[] {
  const names = inputs.map((input) => input.name);
  const problems: string[] = [];
  for (const named of contract.inputs) {
    const input = inputs.find((candidate) => candidate.name === named.name);
    if (input === undefined) {
      problems.push(
        `the graph has no input ${quote(named.name)}${didYouMean(named.name, names)} (it has ${list(names)})`,
      );
    } else problems.push(...shapeProblems(named, input));
  }
  for (const name of names) {
    if (!contract.inputs.some((input) => input.name === name)) {
      problems.push(`the graph needs the input ${quote(name)}, which the contract does not feed`);
    }
  }
  return problems;
}

function shapeProblems(named: GraphInput, input: GraphValue): string[] {
  const place = `the graph's input ${quote(input.name)}`;
  if (input.datatype === null) return [`${place} is no tensor`];
  const problems: string[] = [];
  if (input.datatype !== named.datatype) {
    problems.push(
      `${place} is ${input.datatype}, the contract says ${named.datatype}${float16Hint(input.datatype)}`,
    );
  }
  const [rows, columns] = input.shape;
  if (input.shape.length !== 2) {
    problems.push(
      `${place} has the shape [${input.shape.join(", ")}]; it must be [rows, ${named.features.length}]`,
    );
    return problems;
  }
  if (typeof columns === "number" && columns !== named.features.length) {
    problems.push(`${place} has ${columns} columns, the contract feeds ${named.features.length} features`);
  }
  if (typeof rows === "number") {
    problems.push(`${place} takes ${rows} rows only: export the graph with a first dimension that varies`);
  }
  return problems;
}

function float16Hint(datatype: string): string {
  return datatype === "float16" ? " (float16 is not supported: export the input as float32)" : "";
}

const answerTypes = ["float32", "float64", "int64", "int32", "bool"];

function outputProblems({ task, output: named }: Contract, outputs: GraphValue[]): string[] {
  const names = outputs.map((output) => output.name);
  const output = outputs.find((candidate) => candidate.name === named.name);
  if (output === undefined) {
    return [
      `the graph has no output ${quote(named.name)}${didYouMean(named.name, names)} (it has ${list(names)})`,
    ];
  }
  const place = `the graph's output ${quote(output.name)}`;
  if (output.datatype === null) {
    return [`${place} is no tensor: a classifier from skl2onnx needs the option zipmap: False`];
  }
  if (!answerTypes.includes(output.datatype)) return [`${place} is ${output.datatype}, which is no number`];
  return columnProblem(place, output.shape, { ...named, task });
}

function columnProblem(
  place: string,
  shape: GraphValue["shape"],
  { classes, column, task }: Contract["output"] & { task: string },
): string[] {
  // No shape at all: the graph leaves it open, and the probe's answer will show it.
  if (shape.length === 0) return [];
  if (shape.length > 2)
    return [`${place} has the shape [${shape.join(", ")}]; it must be [rows] or [rows, columns]`];
  const columns = shape.length === 2 ? shape[1] : 1;
  if (typeof columns !== "number") return [];
  if (classes !== undefined && columns !== classes.length) {
    return [`${place} has ${columns} columns, the contract names ${classes.length} classes`];
  }
  if (column !== undefined && column >= columns) {
    return [`${place} has ${columns} columns, the contract takes column ${column} (counted from 0)`];
  }
  if (classes === undefined && column === undefined && columns > 1) {
    return [
      `${place} has ${columns} columns; output.column must say which one is the answer of a ${task} model`,
    ];
  }
  return [];
}

function list(names: string[]): string {
  return names.slice(0, 20).map(quote).join(", ") || "none";
}
