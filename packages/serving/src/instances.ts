/**
 * What a caller may send: a zod schema derived from the contract. Every problem is said with its place and name,
 * `instances[3].dep_hour: …`, the first ten of them.
 */
import { z } from "zod";
import type { Contract, Feature } from "./contract.ts";
import { problemsShown, quote, ServingError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

/** Largest finite float32, (2 − 2⁻²³) × 2¹²⁷ (IEEE 754): a larger number would reach the graph as infinity. */
const float32Max = (2 - 2 ** -23) * 2 ** 127;
const int64Max = 2n ** 63n - 1n;

export type Value = number | bigint | string | boolean | null | undefined;
export type Instance = Record<string, Value>;
export type InstanceSchema = z.ZodType<Instance>;

/** The schema of one instance. Unknown features are errors; only an optional feature may be null or left out. */
export function instanceSchema(contract: Contract): InstanceSchema {
  const shape: Record<string, z.ZodType<Value>> = {};
  for (const feature of contract.features) {
    const schema = valueSchema(feature, datatypesOf(contract, feature.name));
    shape[feature.name] = feature.optional ? schema.nullish() : schema;
  }
  return z.strictObject(shape);
}

function datatypesOf(contract: Contract, feature: string): Set<string> {
  return new Set(
    contract.inputs.filter((input) => input.features.includes(feature)).map((input) => input.datatype),
  );
}

function valueSchema(feature: Feature, datatypes: Set<string>): z.ZodType<Value> {
  switch (feature.type) {
    case "boolean":
      return z.boolean();
    case "string":
      return stringSchema(feature.values);
    case "number": {
      const largest = datatypes.has("float32") ? float32Max : Number.MAX_VALUE;
      return z
        .number()
        .min(feature.minimum ?? -largest)
        .max(feature.maximum ?? largest);
    }
    case "integer":
      return integerSchema(feature, datatypes);
  }
}

function integerSchema(feature: Feature, datatypes: Set<string>): z.ZodType<Value> {
  const narrow = datatypes.has("int32");
  const minimum = Math.max(feature.minimum ?? -Infinity, narrow ? -(2 ** 31) : Number.MIN_SAFE_INTEGER);
  const maximum = Math.min(feature.maximum ?? Infinity, narrow ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER);
  const plain = z.int().min(minimum).max(maximum);
  // Only an int64 input can carry an integer that a double cannot: elsewhere it would silently become its neighbour.
  if (datatypes.size !== 1 || !datatypes.has("int64")) return plain;
  const least = feature.minimum === undefined ? -int64Max - 1n : BigInt(Math.ceil(feature.minimum));
  const most = feature.maximum === undefined ? int64Max : BigInt(Math.floor(feature.maximum));
  const large = z.bigint().min(least).max(most);
  return z.custom<number | bigint>(
    (value) => (typeof value === "bigint" ? large : plain).safeParse(value).success,
    {
      error: (issue) => {
        const result = (typeof issue.input === "bigint" ? large : plain).safeParse(issue.input);
        return result.error?.issues[0] ? reason(result.error.issues[0], issue.input) : "must be an integer";
      },
    },
  );
}

function stringSchema(values: string[] | undefined): z.ZodType<Value> {
  if (values === undefined) {
    return z
      .string()
      .refine((text) => !text.includes("\0"), "holds a NUL character, where onnxruntime would cut it off");
  }
  const allowed = new Set(values);
  const list = values.length <= 12 ? values.map(quote).join(", ") : `the ${values.length} of the contract`;
  return z.string().refine((text) => allowed.has(text), {
    error: (issue) =>
      `${quote(issue.input)} is not an allowed value (${list})${didYouMean(String(issue.input), values)}`,
  });
}

/** What is wrong with one instance, each line beginning with `place`; empty when nothing is. */
export function instanceProblems(
  schema: InstanceSchema,
  instance: unknown,
  place: string,
  contract: Contract,
): string[] {
  const result = schema.safeParse(instance);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const known = contract.features.map((feature) => feature.name);
      // A suggestion costs a distance to every feature, and a stranger may send many keys.
      return issue.keys
        .slice(0, problemsShown + 1)
        .map((key) => `${place}: unknown feature ${quote(key)}${didYouMean(key, known)}`);
    }
    const name = issue.path[0];
    if (name === undefined) return [`${place}: must be an object of features, got ${described(instance)}`];
    const value = (instance as Record<string, unknown>)[String(name)];
    return [`${place}.${String(name)}: ${reason(issue, value)}`];
  });
}

function reason(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return "is missing";
  if (value === null) return "is null, but the feature is not optional";
  switch (issue.code) {
    case "invalid_type":
      return value === Infinity || value === -Infinity
        ? "is a number too large for a double"
        : `must be ${expectations[issue.expected] ?? issue.expected}, got ${described(value)}`;
    case "too_small":
      return `${quote(value)} is below the minimum ${issue.minimum}`;
    case "too_big":
      return `${quote(value)} is above the maximum ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const expectations: Record<string, string> = {
  number: "a number",
  int: "an integer",
  bigint: "an integer",
  string: "a string",
  boolean: "true or false",
};

function described(value: unknown): string {
  if (value === null || typeof value === "object") return value === null ? "null" : quote(value);
  return `${quote(value)}${typeof value === "string" ? " (a string)" : ""}`;
}

/** Checks `{"instances": […]}` as parsed from JSON. Rejects with `ServingError` code `instances`, which lists the first
 * ten problems. `maximum` is the most instances that one request may hold. */
export function parseInstances(
  body: unknown,
  { contract, schema, maximum }: { contract: Contract; schema: InstanceSchema; maximum: number },
): Instance[] {
  const instances = envelope(body, maximum);
  const problems: string[] = [];
  instances.forEach((instance, index) => {
    // The schema is asked for problems only when it is known that there are some: the sound path is the hot one.
    if (problems.length <= problemsShown && !schema.safeParse(instance).success) {
      problems.push(...instanceProblems(schema, instance, `instances[${index}]`, contract));
    }
  });
  if (problems.length > 0) throw instancesError(problems);
  return instances as Instance[];
}

function envelope(body: unknown, maximum: number): unknown[] {
  const problem = envelopeProblem(body, maximum);
  if (problem !== null) throw instancesError([problem]);
  return (body as { instances: unknown[] }).instances;
}

function envelopeProblem(body: unknown, maximum: number): string | null {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return `the body must be an object {"instances": [...]}, got ${described(body)}`;
  }
  const unknown = Object.keys(body).filter((key) => key !== "instances");
  if (unknown[0] !== undefined) {
    return `the body holds ${quote(unknown[0])}, which is not known${didYouMean(unknown[0], ["instances"])}`;
  }
  const { instances } = body as { instances?: unknown };
  if (!Array.isArray(instances)) {
    return `instances: ${instances === undefined ? "is missing" : `must be a list, got ${described(instances)}`}`;
  }
  if (instances.length === 0) return "instances: is empty; send at least one";
  if (instances.length > maximum) {
    return `instances: holds ${instances.length} of them; at most ${maximum} are answered at once`;
  }
  return null;
}

function instancesError(problems: string[]): ServingError {
  const more = problems.length > problemsShown ? ["… and more like these"] : [];
  const shown = [...problems.slice(0, problemsShown), ...more];
  return new ServingError("instances", shown.join("\n"), {
    problems: shown,
    remedy: "Send instances as the model's contract describes them.",
  });
}
