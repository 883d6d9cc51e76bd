/** The rules of a contract that one field alone cannot show: its parts must agree with each other. */
import type { Contract, Feature, GraphInput } from "./contract.ts";
import { quote } from "./errors.ts";
import { instanceProblems, instanceSchema } from "./instances.ts";
import { didYouMean } from "./suggest.ts";

export interface ContractProblem {
  path: (string | number)[];
  message: string;
}

/** Which graph inputs can carry a feature without changing its value's meaning. An integer becomes a float as it does
 * in training code; a number never becomes an integer. */
const carriers: Record<Feature["type"], readonly GraphInput["datatype"][]> = {
  number: ["float32", "float64"],
  integer: ["int64", "int32", "float32", "float64"],
  boolean: ["bool", "float32", "float64", "int64", "int32"],
  string: ["string"],
};

/** Datatypes with a value that means "missing": NaN and "". */
const canBeMissing: readonly GraphInput["datatype"][] = ["float32", "float64", "string"];

/** Every broken rule, in the contract's order; empty for a sound contract. */
export function contractProblems(contract: Contract): ContractProblem[] {
  const problems = [
    ...featureProblems(contract.features),
    ...inputProblems(contract),
    ...outputProblems(contract),
  ];
  // A probe is judged by the features, so only sound ones can judge it.
  return problems.length > 0 ? problems : probeProblems(contract);
}

function featureProblems(features: readonly Feature[]): ContractProblem[] {
  const problems: ContractProblem[] = duplicates(features.map((feature) => feature.name)).map((index) => ({
    path: ["features", index, "name"],
    message: `${quote(features[index]?.name)} is the name of an earlier feature too`,
  }));
  features.forEach((feature, index) => {
    const add = (field: string, message: string) => {
      problems.push({ path: ["features", index, field], message });
    };
    const numeric = feature.type === "number" || feature.type === "integer";
    for (const field of ["minimum", "maximum"] as const) {
      if (feature[field] !== undefined && !numeric)
        add(field, `has no meaning for a ${feature.type} feature`);
    }
    if (feature.minimum !== undefined && feature.maximum !== undefined && feature.minimum > feature.maximum) {
      add("minimum", `${feature.minimum} is above the maximum ${feature.maximum}`);
    }
    if (feature.values === undefined) return;
    if (feature.type !== "string") add("values", `has no meaning for a ${feature.type} feature`);
    for (const duplicate of duplicates(feature.values)) {
      add("values", `lists ${quote(feature.values[duplicate])} twice`);
    }
    if (feature.values.some((value) => value.includes("\0"))) {
      add("values", "holds a NUL character, where onnxruntime would cut the string off");
    }
  });
  return problems;
}

function inputProblems(contract: Contract): ContractProblem[] {
  const known = new Map(contract.features.map((feature) => [feature.name, feature]));
  const used = new Set<string>();
  const problems: ContractProblem[] = duplicates(contract.inputs.map((input) => input.name)).map((index) => ({
    path: ["inputs", index, "name"],
    message: `${quote(contract.inputs[index]?.name)} is the name of an earlier input too`,
  }));
  contract.inputs.forEach((input, index) => {
    const repeated = new Set(duplicates(input.features));
    input.features.forEach((name, position) => {
      used.add(name);
      const message = repeated.has(position)
        ? `${quote(name)} is listed twice`
        : carriageProblem(name, known.get(name), input, [...known.keys()]);
      if (message !== null) problems.push({ path: ["inputs", index, "features", position], message });
    });
  });
  contract.features.forEach((feature, index) => {
    if (!used.has(feature.name)) {
      problems.push({
        path: ["features", index, "name"],
        message: `${quote(feature.name)} is fed to no input of the graph: list it in one, or remove it`,
      });
    }
  });
  return problems;
}

function carriageProblem(
  name: string,
  feature: Feature | undefined,
  input: GraphInput,
  known: string[],
): string | null {
  if (feature === undefined) return `${quote(name)} is not among the features${didYouMean(name, known)}`;
  if (!carriers[feature.type].includes(input.datatype)) {
    return `the ${feature.type} feature ${quote(name)} does not fit a ${input.datatype} input (it fits ${carriers[feature.type].join(", ")})`;
  }
  if (feature.optional && !canBeMissing.includes(input.datatype)) {
    return `the optional feature ${quote(name)} cannot be missing in a ${input.datatype} input, which has no value for "missing"`;
  }
  return null;
}

function outputProblems({ task, output, label, threshold }: Contract): ContractProblem[] {
  const problems: ContractProblem[] = [];
  const add = (path: string[], message: string) => {
    problems.push({ path, message });
  };
  if (task === "multiclass") {
    if (output.classes === undefined) add(["output", "classes"], "a multiclass model must name its classes");
    if (output.column !== undefined) {
      add(["output", "column"], "a multiclass model answers with all columns: remove column");
    }
  } else if (output.classes !== undefined) {
    add(["output", "classes"], `a ${task} model answers with one number: classes are for multiclass models`);
  }
  for (const duplicate of duplicates(output.classes ?? [])) {
    add(["output", "classes"], `lists ${quote(output.classes?.[duplicate])} twice`);
  }
  if (threshold !== undefined && task !== "binary") {
    add(["threshold"], `has no meaning for a ${task} model`);
  }
  if (label?.positive !== undefined && task !== "binary") {
    add(["label", "positive"], `has no meaning for a ${task} model`);
  }
  return problems;
}

function probeProblems(contract: Contract): ContractProblem[] {
  return instanceProblems(instanceSchema(contract), contract.probe, "probe", contract).map((problem) => ({
    path: ["probe"],
    message: problem.replace(/^probe\.?(: )?/, ""),
  }));
}

/** Positions of the values that stood earlier in the list already. */
function duplicates(values: readonly string[]): number[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (seen.has(value)) return [index];
    seen.add(value);
    return [];
  });
}
