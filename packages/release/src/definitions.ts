/** Finds the actions by their folders and refuses a definition that could not be published as it is. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ActionDefinition } from "@ml-actions/action-kit";
import { fieldFacts } from "@ml-actions/action-kit/field-facts";
import { brandingColors, featherIcons } from "./branding.ts";

/** GitHub Marketplace cuts the description there. */
const LONGEST_DESCRIPTION = 125;

/** The names of the actions under `directory`, sorted: every folder with `src/definition.ts`. */
export async function actionNamesIn(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const folders = await readdir(directory, { withFileTypes: true });
  return folders
    .filter((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, "src/definition.ts")))
    .map((entry) => entry.name)
    .sort();
}

/** The definitions under `directory`, sorted by name. Throws with every fault of all of them. */
export async function readDefinitions(directory: string): Promise<ActionDefinition[]> {
  const names = await actionNamesIn(directory);
  const read = names.map(async (name) => {
    const url = pathToFileURL(join(directory, name, "src/definition.ts")).href;
    const module = (await import(url)) as { definition?: ActionDefinition };
    if (module.definition === undefined)
      throw new Error(`actions/${name}/src/definition.ts exports no \`definition\``);
    return module.definition;
  });
  const definitions = await Promise.all(read);
  const faults = definitions.flatMap((definition, i) =>
    faultsOf(definition, names[i] ?? "").map((fault) => `actions/${names[i]}: ${fault}`),
  );
  if (faults.length > 0) throw new Error(`Definitions need attention:\n- ${faults.join("\n- ")}`);
  return definitions;
}

/** What would make a generated file wrong, or GitHub refuse it. */
export function faultsOf(definition: ActionDefinition, folder: string): string[] {
  const faults: string[] = [];
  const fault = (when: boolean, text: string) => void (when && faults.push(text));
  const kebab = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
  fault(definition.name !== folder, `its name is ${definition.name}, its folder ${folder}`);
  fault(
    definition.description.length > LONGEST_DESCRIPTION,
    `its description is over ${LONGEST_DESCRIPTION} characters`,
  );
  fault(
    !featherIcons.has(definition.branding.icon),
    `no Feather icon of GitHub's is named ${definition.branding.icon}`,
  );
  fault(
    !brandingColors.has(definition.branding.color),
    `GitHub has no branding colour ${definition.branding.color}`,
  );
  fault(
    definition.readsConfig === true && definition.inputs.shape.config === undefined,
    "it reads a config and has no input `config`: fields.config()",
  );
  for (const [name, field] of Object.entries(definition.inputs.shape)) {
    const facts = fieldFacts(field);
    fault(!kebab.test(name), `input ${name} is not kebab-case`);
    fault(facts.description === "", `input ${name} has no description`);
    if (facts.defaultText !== undefined) {
      const written = field.safeParse(facts.defaultText);
      const absent = field.safeParse(undefined);
      const same = JSON.stringify(written.data) === JSON.stringify(absent.data);
      fault(
        !same,
        `the default of ${name} cannot be written as text (${facts.defaultText}): use .prefault("…")`,
      );
    } else {
      fault(
        !acceptsText(field),
        `input ${name} refuses every text, and a workflow gives nothing else: use fields.*`,
      );
    }
  }
  for (const [name, description] of Object.entries(definition.outputs)) {
    fault(!kebab.test(name), `output ${name} is not kebab-case`);
    fault(description.trim() === "", `output ${name} has no description`);
  }
  for (const name of Object.keys(definition.safeOutputs)) {
    fault(definition.outputs[name] === undefined, `safe output ${name} is no output`);
  }
  return faults;
}

/** A field whose complaint about a text is its type (z.number()) can never be given in a workflow. */
function acceptsText(field: ActionDefinition["inputs"]["shape"][string]): boolean {
  const issues = (field as import("zod").ZodType).safeParse("a text").error?.issues ?? [];
  return !issues.some((issue) => issue.code === "invalid_type" && issue.path.length === 0);
}
