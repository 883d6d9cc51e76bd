/** Every example in a README that uses these actions: YAML, with inputs that exist, all that are required, and outputs
 * that the step with that id has. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fieldFacts } from "@ml-actions/action-kit/field-facts";
import { readDefinitions } from "@ml-actions/release/definitions";
import { lexer, type Tokens, walkTokens } from "marked";
import { expect, it } from "vitest";
import { parseDocument } from "yaml";
import { z } from "zod";

const root = join(import.meta.dirname, "../..");
const definitions = new Map(
  (await readDefinitions(join(root, "actions"))).map((definition) => [definition.name, definition]),
);
/** Ids that an example may refer to without showing the step. */
const usualIds: Readonly<Record<string, string>> = { eval: "eval-gate", build: "build", scan: "scan" };

const stepSchema = z.looseObject({
  id: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
const workflowSchema = z.looseObject({
  jobs: z.record(z.string(), z.looseObject({ steps: z.array(stepSchema).optional() })),
});
type Step = z.output<typeof stepSchema>;

/** The examples of a Markdown file that use an action of ours. */
function examplesIn(markdown: string): string[] {
  const found: string[] = [];
  walkTokens(lexer(markdown), (token) => {
    const { type, lang, text } = token as Tokens.Code;
    if (type === "code" && /^ya?ml/.test(lang ?? "") && text.includes("uses: org/ml-actions/"))
      found.push(text);
  });
  return found;
}

/** A list of steps, or each job of a workflow. */
function jobsOf(example: string): Step[][] {
  const document = parseDocument(example);
  if (document.errors.length > 0) throw document.errors[0];
  const parsed: unknown = document.toJS();
  if (Array.isArray(parsed)) return [z.array(stepSchema).parse(parsed)];
  return Object.values(workflowSchema.parse(parsed).jobs).map(({ steps = [] }) => steps);
}

const ownName = (step: Step): string | null =>
  /^org\/ml-actions\/([\w-]+)@v\d+$/.exec(step.uses ?? "")?.[1] ?? null;

function faultsOf(example: string): string[] {
  const faults: string[] = [];
  for (const steps of jobsOf(example)) {
    const byId: Record<string, string | null> = { ...usualIds };
    for (const step of steps) {
      faults.push(...inputFaults(step), ...outputFaults(step, byId));
      if (step.id !== undefined) byId[step.id] = ownName(step);
    }
  }
  return faults;
}

function inputFaults(step: Step): string[] {
  const name = ownName(step);
  if (name === null) return step.uses?.startsWith("org/") ? [`${step.uses} is no action of ours`] : [];
  const definition = definitions.get(name);
  if (definition === undefined) return [`there is no action ${name}`];
  const given = Object.keys(step.with ?? {});
  const known = Object.entries(definition.inputs.shape);
  return [
    ...given
      .filter((input) => !known.some(([own]) => own === input))
      .map((input) => `${name} has no input ${input}`),
    ...known
      .filter(([input, field]) => fieldFacts(field).required && !given.includes(input))
      .map(([input]) => `${name} needs ${input}`),
  ];
}

/** @param byId action of each step before this one; null: of somebody else */
function outputFaults(step: Step, byId: Readonly<Record<string, string | null>>): string[] {
  const expressions = JSON.stringify(step).matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g);
  return [...expressions].flatMap(([written, id = "", output = ""]) => {
    const name = byId[id];
    if (name === undefined) return [`${written}: no step before has that id`];
    const outputs = name === null ? undefined : definitions.get(name)?.outputs;
    return outputs === undefined || Object.hasOwn(outputs, output)
      ? []
      : [`${written}: ${name} has no such output`];
  });
}

const files = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
const examples = files.flatMap((file) =>
  examplesIn(readFileSync(join(root, file), "utf8")).map((example, index) => ({ file, index, example })),
);

it("are found: of every action at least one", () => {
  for (const name of definitions.keys()) {
    expect(
      examples.some(({ example }) => example.includes(`uses: org/ml-actions/${name}@`)),
      name,
    ).toBe(true);
  }
});

it.each(examples)("fit the actions: $file, example $index", ({ example }) => {
  expect(faultsOf(example)).toEqual([]);
});

it("do not fit with a fault of each kind", () => {
  const faulty = `- id: build
  uses: org/ml-actions/build@v1
  with: { model: m.onnx, name: flights, registri: ghcr.io }
- uses: org/ml-actions/nothing@v1
- uses: org/ml-actions/sign@v1
  with:
    image: \${{ steps.build.outputs.imgae }}
    evidence: \${{ steps.later.outputs.evidence }}
`;
  expect(faultsOf(faulty)).toEqual([
    "build has no input registri",
    "build needs version",
    "there is no action nothing",
    "steps.build.outputs.imgae: build has no such output",
    "steps.later.outputs.evidence: no step before has that id",
  ]);
});
