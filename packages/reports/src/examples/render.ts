/** Writes every example as a file, to look at: `node packages/reports/src/examples/render.ts DIRECTORY`. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pages, summaries } from "./all.ts";

const directory = process.argv[2];
if (directory === undefined) throw new Error("Name a directory to write the examples to.");
await mkdir(directory, { recursive: true });
for (const [name, text] of Object.entries({ ...summaries(), ...pages() })) {
  await writeFile(join(directory, name), text);
}
