/**
 * Reads action.yml as GitHub does, strictly: what the runner would ignore or refuse is a fault here
 * (docs.github.com, "Metadata syntax for GitHub Actions").
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brandingColors, featherIcons } from "@ml-actions/release/branding";
import { parse } from "yaml";
import { z } from "zod";

const id = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/);

const actionFile = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1).max(125),
  author: z.string().optional(),
  inputs: z
    .record(
      id,
      z.strictObject({
        description: z.string().min(1),
        required: z.boolean().optional(),
        // YAML would let a number or boolean in; the runner reads text.
        default: z.string().optional(),
        deprecationMessage: z.string().optional(),
      }),
    )
    .default({}),
  outputs: z.record(id, z.strictObject({ description: z.string().min(1) })).default({}),
  runs: z.strictObject({
    using: z.literal("node24"),
    main: z.string(),
    post: z.string().optional(),
    "post-if": z.string().optional(),
    pre: z.string().optional(),
    "pre-if": z.string().optional(),
  }),
  branding: z
    .strictObject({
      icon: z.string().refine((icon) => featherIcons.has(icon), { error: "GitHub has no such icon" }),
      color: z.string().refine((color) => brandingColors.has(color), { error: "GitHub has no such colour" }),
    })
    .optional(),
});

export type ActionFile = z.output<typeof actionFile>;

/** Throws with every fault. */
export function parseActionFile(text: string): ActionFile {
  const result = actionFile.safeParse(parse(text));
  if (!result.success) throw new Error(`action.yml: ${z.prettifyError(result.error)}`);
  return result.data;
}

export async function readActionFile(folder: string): Promise<ActionFile> {
  return parseActionFile(await readFile(join(folder, "action.yml"), "utf8"));
}

/** What the runner puts into the environment for `with:`; the defaults of action.yml included. */
export function inputVariables(
  action: ActionFile,
  inputs: Readonly<Record<string, string>>,
): Record<string, string> {
  const defaults = Object.entries(action.inputs).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const variables = [...defaults, ...Object.entries(inputs)].map(([name, value]) => [
    `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`,
    value,
  ]);
  return Object.fromEntries(variables);
}
