/**
 * Everything that follows from the definitions: action.yml, the tables, the JSON Schemas, the list of names; and the Roles
 * that follow from what each target does.
 * `node generate.ts` writes what differs; with `--check` it writes nothing and exits 1 naming what is stale.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ActionDefinition } from "@ml-actions/action-kit";
import { metricsJsonSchema } from "@ml-actions/evidence";
import { policyJsonSchema } from "@ml-actions/evidence/verification/policy-schema";
import { actionYml } from "./action-yml.ts";
import { readDefinitions } from "./definitions.ts";
import { jsonText } from "./json-text.ts";
import { rbacFiles } from "./rbac.ts";
import { actionReference, replaceGenerated, suiteReference } from "./reference.ts";
import { deliverySchema, inputsSchema } from "./schemas.ts";

const SUITE_HEADING =
  "# The actions\n\nThe reference of every action: inputs, outputs, permissions, and a step to begin with.";

/** Path from the root → content, for all generated files; reads the READMEs, whose own words stay. */
export async function generatedFiles(
  root: string,
  definitions: readonly ActionDefinition[],
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const definition of definitions) {
    const { name, title, description } = definition;
    files.set(`actions/${name}/action.yml`, actionYml(definition));
    const readme = await existing(root, `actions/${name}/README.md`, `# ${title}\n\n${description}`);
    files.set(`actions/${name}/README.md`, replaceGenerated(readme, actionReference(definition)));
    files.set(`docs/schemas/${name}.inputs.schema.json`, jsonText(inputsSchema(definition)));
  }
  const suite = await existing(root, "action-readme.md", SUITE_HEADING);
  files.set("action-readme.md", replaceGenerated(suite, suiteReference(definitions)));
  files.set("docs/schemas/delivery.schema.json", jsonText(deliverySchema(definitions)));
  files.set("docs/schemas/metrics.schema.json", jsonText(metricsJsonSchema()));
  files.set("docs/schemas/policy.schema.json", jsonText(policyJsonSchema()));
  files.set("packages/action-kit/src/config-readers.ts", configReaders(definitions));
  for (const [path, content] of rbacFiles()) files.set(path, content);
  return files;
}

/** The files whose content differs from what it should be, and the schemas of actions that are no more. */
export async function staleFiles(root: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, content] of files) {
    if ((await existing(root, path, "")) !== content) stale.push(path);
  }
  return [...stale, ...(await orphans(root, files))];
}

async function orphans(root: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const folder = join(root, "docs/schemas");
  const schemas = existsSync(folder) ? await readdir(folder) : [];
  return schemas
    .filter((name) => name.endsWith(".inputs.schema.json"))
    .map((name) => `docs/schemas/${name}`)
    .filter((path) => !files.has(path));
}

async function existing(root: string, path: string, otherwise: string): Promise<string> {
  const file = join(root, path);
  return existsSync(file) ? readFile(file, "utf8") : otherwise;
}

function configReaders(definitions: readonly ActionDefinition[]): string {
  const names = definitions.filter(({ readsConfig }) => readsConfig).map(({ name }) => JSON.stringify(name));
  return [
    "// Generated from the definitions by `npm run generate`: do not edit.",
    "",
    "/** The actions that read delivery.yaml: the keys that it may have at its top. */",
    `export const configReaders: readonly string[] = [${names.join(", ")}];`,
    "",
  ].join("\n");
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { check: { type: "boolean", default: false }, root: { type: "string", default: process.cwd() } },
  });
  const root = resolve(values.root);
  const definitions = await readDefinitions(join(root, "actions"));
  const files = await generatedFiles(root, definitions);
  const stale = await staleFiles(root, files);
  if (values.check) {
    for (const path of stale) console.error(`stale: ${path}`);
    if (stale.length > 0) console.error("Run `npm run generate` and commit what it writes.");
    return stale.length > 0 ? 1 : 0;
  }
  for (const path of stale) {
    const content = files.get(path);
    const file = join(root, path);
    if (content === undefined) {
      await rm(file);
    } else {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    console.log(content === undefined ? `removed ${path}` : `wrote ${path}`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main();
