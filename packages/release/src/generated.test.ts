import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseActionFile } from "../../../test/runner/action-file.ts";
import { readDefinitions } from "./definitions.ts";
import { generatedFiles, staleFiles } from "./generate.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("the generated files of the suite", () => {
  it("are what the definitions say: `npm run generate` mends this", async () => {
    const definitions = await readDefinitions(join(root, "actions"));
    expect(await staleFiles(root, await generatedFiles(root, definitions))).toEqual([]);
  });

  it("have an action.yml that GitHub accepts, with the keys and defaults of the schema", async () => {
    for (const definition of await readDefinitions(join(root, "actions"))) {
      const action = parseActionFile(
        await readFile(join(root, "actions", definition.name, "action.yml"), "utf8"),
      );
      expect(Object.keys(action.inputs)).toEqual(Object.keys(definition.inputs.shape));
      expect(Object.keys(action.outputs)).toEqual(Object.keys(definition.outputs));
      for (const [name, { default: given }] of Object.entries(action.inputs)) {
        expect(definition.readsConfig && given !== undefined, name).toBeFalsy();
        if (given === undefined) continue;
        const field = definition.inputs.shape[name] as import("zod").ZodType;
        expect(field.parse(given), name).toEqual(field.parse(undefined));
      }
    }
  });
});

describe("generate, on a checkout of its own", () => {
  let copy: string;
  const generate = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      join(import.meta.dirname, "generate.ts"),
      "--root",
      copy,
      ...args,
    ]).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      ({ code, stderr }) => ({ code, text: stderr }),
    );

  beforeAll(async () => {
    // Beside the packages, so that the copied definition finds them.
    copy = await mkdtemp(join(root, "build", "generate-")).catch(() => mkdtemp(join(tmpdir(), "generate-")));
    await cp(join(root, "test/runner/sample/actions/sample/src"), join(copy, "actions/sample/src"), {
      recursive: true,
    });
  });
  afterAll(() => rm(copy, { recursive: true }));

  it("names what is stale and writes nothing with --check, then writes it, then is content", async () => {
    const before = await generate("--check");
    expect(before.code).toBe(1);
    expect(before.text).toContain("stale: actions/sample/action.yml");
    await expect(readFile(join(copy, "actions/sample/action.yml"))).rejects.toThrow("ENOENT");
    expect(await generate()).toMatchObject({
      code: 0,
      text: expect.stringContaining("wrote actions/sample/README.md"),
    });
    expect(await generate("--check")).toEqual({ code: 0, text: "" });
    expect(await generate()).toEqual({ code: 0, text: "" });
  });

  it("keeps the words outside of the markers, and mends what is between them", async () => {
    const readme = join(copy, "actions/sample/README.md");
    const fresh = await readFile(readme, "utf8");
    const edited = fresh
      .replace("# Sample", "# Sample, explained")
      .replace("| `count` | `3` |", "| `count` | `4` |");
    await writeFile(readme, `${edited}\nAnd more words.\n`);
    expect((await generate("--check")).text).toContain("stale: actions/sample/README.md");
    await generate();
    const mended = await readFile(readme, "utf8");
    expect(mended).toBe(`${fresh.replace("# Sample", "# Sample, explained")}\nAnd more words.\n`);
  });

  it("removes the schema of an action that is no more", async () => {
    await writeFile(join(copy, "docs/schemas/gone.inputs.schema.json"), "{}");
    expect((await generate("--check")).text).toContain("stale: docs/schemas/gone.inputs.schema.json");
    expect((await generate()).text).toBe("removed docs/schemas/gone.inputs.schema.json\n");
  });

  it("refuses to guess when a marker was lost", async () => {
    const file = join(copy, "action-readme.md");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("<!-- end of generated -->", ""));
    expect((await generate("--check")).text).toContain("One of the markers is missing");
    await writeFile(file, text);
  });
});
