/**
 * From what the runner and delivery.yaml hold to the typed inputs of a story, or to all problems at once. An input
 * of the workflow wins over the file, the file over the default. An empty input (`with: {schema: ""}`, or an
 * expression that came to nothing) is one that was not given.
 */
import { readFile, stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { z } from "zod";
import type { ActionDefinition, Place } from "./action.ts";
import { type FileProblem, type FileValue, LARGEST_CONFIG_BYTES, readSection } from "./config.ts";
import { configReaders } from "./config-readers.ts";
import { fieldFacts, isSecret } from "./field-facts.ts";
import { closest, shown } from "./wording.ts";

const DEFAULT_CONFIG = "delivery.yaml";
const LONGEST_PATH_SHOWN = 200;

/** One thing that is wrong with what the reader gave. */
export interface Problem {
  message: string;
  place?: Place;
}

export type Parsed<Inputs extends z.ZodObject> =
  | { ok: true; inputs: z.output<Inputs>; given: Map<string, Given> }
  | { ok: false; problems: Problem[] };

/** A value as its author wrote it, and where. */
export interface Given {
  value: unknown;
  /** `input`, or a place in a file. */
  from: string;
}

type Definition<Inputs extends z.ZodObject> = Pick<
  ActionDefinition<Inputs>,
  "name" | "inputs" | "readsConfig"
>;

/** The environment the runner makes of `with:`: `decision-rule` arrives as `INPUT_DECISION-RULE`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What was given in the workflow: input name → text, trimmed, without the empty ones. Unknown names included. */
export function givenInputs(environment: Environment): Map<string, string> {
  const given = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    const trimmed = value?.trim() ?? "";
    if (variable.startsWith("INPUT_") && trimmed !== "") given.set(variable.slice(6).toLowerCase(), trimmed);
  }
  return given;
}

/** The secrets among the inputs that were given, to be masked before a word is logged. */
export function secretsOf(definition: Pick<ActionDefinition, "inputs">, environment: Environment): string[] {
  const given = givenInputs(environment);
  return Object.entries(definition.inputs.shape)
    .filter(([name, field]) => given.has(name) && isSecret(field, given.get(name)))
    .map(([name]) => given.get(name) ?? "");
}

/**
 * Reads, merges and validates. Never throws because of what was given; paths are relative to `directory` (the
 * workspace). An error that a field's own transform throws is a bug and passes through.
 */
export async function parseInputs<Inputs extends z.ZodObject>(
  definition: Definition<Inputs>,
  environment: Environment,
  directory: string,
): Promise<Parsed<Inputs>> {
  const names = Object.keys(definition.inputs.shape);
  const given = givenInputs(environment);
  const unknown = [...given.keys()].filter((name) => !names.includes(name));
  const file = definition.readsConfig
    ? await readConfig(definition, given.get("config"), directory)
    : { values: new Map<string, FileValue>(), problems: [] };

  const values = new Map<string, Given>();
  for (const name of names) {
    const fromFile = file.values.get(name);
    const text = given.get(name);
    // The runner hands the default of action.yml over as if it had been given.
    const isDefault = text === fieldFacts(definition.inputs.shape[name] as z.ZodType).defaultText;
    if (text !== undefined) values.set(name, { value: text, from: isDefault ? "default" : "input" });
    else if (fromFile !== undefined)
      values.set(name, { value: fromFile.value, from: written(fromFile.place) });
  }
  const raw = Object.fromEntries([...values].map(([name, { value }]) => [name, value]));
  const result = definition.inputs.safeParse(raw);
  const issues = result.error?.issues ?? [];
  const problems: Problem[] = [
    ...unknown.map((name) => unknownInput(name, names)),
    ...file.problems.map(fileProblem),
    ...[...issues, ...issuesAcrossFields(definition.inputs, raw, issues)].map((issue) =>
      problemOf(issue, { definition, raw, file: file.values }),
    ),
  ];
  return problems.length === 0 && result.success
    ? { ok: true, inputs: result.data, given: values }
    : { ok: false, problems };
}

async function readConfig(definition: Definition<z.ZodObject>, given: string | undefined, directory: string) {
  const path = resolve(directory, given ?? DEFAULT_CONFIG);
  const inside = relative(directory, path);
  const file = (inside.startsWith("..") ? path : inside).slice(0, LONGEST_PATH_SHOWN);
  const values = new Map<string, FileValue>();
  const refused = (message: string) => ({
    values,
    problems: [{ input: "config", message, place: { file } }],
  });
  let text: string;
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return refused("is not a file");
    if (facts.size > LARGEST_CONFIG_BYTES)
      return refused(`is larger than ${LARGEST_CONFIG_BYTES / 1024} KiB`);
    text = await readFile(path, "utf8");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (missing && given === undefined) return { values, problems: [] };
    if (missing) return refused(`there is no such file; is the repository checked out before this step?`);
    return refused(`cannot be read (${error instanceof Error && "code" in error ? error.code : error})`);
  }
  const shape = definition.inputs.shape;
  const section = await readSection(text, file, {
    action: definition.name,
    actions: [...new Set([...configReaders, definition.name])],
    inputs: Object.keys(shape).filter((name) => name !== "config"),
  });
  for (const [name, { value, place }] of section.values) {
    if (!isSecret(shape[name] as z.ZodType, value)) continue;
    section.values.delete(name);
    section.problems.push({
      input: name,
      message: "is a secret: give it as an input, never in a file",
      place,
    });
  }
  return section;
}

/**
 * zod runs the checks of the whole object (`superRefine`) only when every field is fine; the reader shall hear of
 * both at once. What a failed field would have been is not known, so only that counts which holds as well with what
 * was given there as with nothing.
 */
function issuesAcrossFields(
  inputs: z.ZodObject,
  raw: Readonly<Record<string, unknown>>,
  issues: readonly z.core.$ZodIssue[],
): z.core.$ZodIssue[] {
  const failed = new Set(issues.map((issue) => issue.path[0]));
  if (failed.size === 0 || failed.has(undefined)) return [];
  const checks = (inputs.def.checks ?? []) as z.core.$ZodCheck<Record<string, unknown>>[];
  const checked = z.looseObject({}).check(...checks);
  const issuesWith = (standIn: (name: string) => unknown) => {
    const values = Object.entries(inputs.shape).map(([name, field]) => {
      return [name, failed.has(name) ? standIn(name) : (field as z.ZodType).safeParse(raw[name]).data];
    });
    return checked.safeParse(Object.fromEntries(values)).error?.issues ?? [];
  };
  try {
    const withNothing = issuesWith(() => undefined).map(({ message }) => message);
    return issuesWith((name) => raw[name]).filter(
      ({ path, message }) => !failed.has(path[0]) && withNothing.includes(message),
    );
  } catch {
    // A check may rely on the type of a field that failed. It has its say once that is mended.
    return [];
  }
}

function unknownInput(name: string, names: readonly string[]): Problem {
  const near = closest(name, names);
  const hint = near === undefined ? `inputs are ${names.join(", ")}` : `did you mean \`${near}\`?`;
  return { message: `There is no input ${shown(name)}; ${hint}` };
}

function fileProblem({ input, message, place }: FileProblem): Problem {
  const subject = input === undefined || input === "config" ? "" : `\`${input}\` `;
  return { message: `${written(place)}: ${subject}${message}`, place };
}

interface Context {
  definition: Definition<z.ZodObject>;
  raw: Record<string, unknown>;
  file: Map<string, FileValue>;
}

function problemOf(issue: z.core.$ZodIssue, { definition, raw, file }: Context): Problem {
  const name = String(issue.path[0] ?? "");
  const field = definition.inputs.shape[name];
  if (field === undefined) return { message: issue.message };
  const facts = fieldFacts(field);
  if (raw[name] === undefined && issue.path.length === 1 && facts.required) {
    const where = definition.readsConfig
      ? `as an input, or under \`${definition.name}:\` in ${DEFAULT_CONFIG}`
      : "as an input";
    return { message: `\`${name}\` is missing: give it ${where}. It is: ${facts.description}` };
  }
  if (raw[name] !== undefined && isSecret(field, raw[name]))
    return {
      message: `\`${name}\` is not valid (its value is a secret and not shown). It is: ${facts.description}`,
    };
  const fromFile = raw[name] === file.get(name)?.value ? file.get(name)?.place : undefined;
  const item = issue.path.length > 1 ? ` (item ${Number(issue.path[1]) + 1})` : "";
  const origin = fromFile === undefined ? "" : ` (${written(fromFile)})`;
  // "`model` is missing …", but "`confidence`: expected …".
  const colon = /^(is|has) /.test(issue.message) ? "" : ":";
  return {
    message: `\`${name}\`${item}${origin}${colon} ${issue.message}`,
    ...(fromFile && { place: fromFile }),
  };
}

function written({ file, line, column }: Place): string {
  return [file, line, column].filter((part) => part !== undefined).join(":");
}
