import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { billOfMaterials, bundledPackages } from "./image-packages.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-packages-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function install(path: string, manifest: object): Promise<string> {
  const folder = join(directory, path);
  await mkdir(join(folder, "lib"), { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  return join(folder, "lib/index.js");
}

describe("the packages of a bundle", () => {
  it("are those of its modules, however deep: joined ones, scoped ones, two versions of one", async () => {
    const a = await install("node_modules/a", { name: "a", version: "1.0.0", license: "MIT" });
    const nested = await install("node_modules/@x/y/node_modules/a", {
      name: "a",
      version: "2.0.0",
      license: "ISC",
    });
    const scoped = await install("node_modules/@x/y", {
      name: "@x/y",
      version: "3.0.0",
      license: "(MIT OR Apache-2.0)",
    });
    const stats = {
      modules: [
        { nameForCondition: join(directory, "packages/own/src/index.js") },
        { nameForCondition: null, modules: [{ nameForCondition: a }, { nameForCondition: scoped }] },
        { nameForCondition: a },
        { nameForCondition: nested },
      ],
    };
    expect((await bundledPackages(stats)).map(({ purl, license }) => [purl, license])).toEqual([
      ["pkg:npm/%40x/y@3.0.0", "(MIT OR Apache-2.0)"],
      ["pkg:npm/a@1.0.0", "MIT"],
      ["pkg:npm/a@2.0.0", "ISC"],
    ]);
  });

  it("that state no licence stop the build", async () => {
    const file = await install("node_modules/a", { name: "a", version: "1.0.0" });
    await expect(bundledPackages({ modules: [{ nameForCondition: file }] })).rejects.toThrow(
      "states no licence",
    );
  });

  it("are listed as CycloneDX 1.6 defines, without machine or time", async () => {
    const folder = join(
      dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json")),
      "res/schema",
    );
    const schema = async (name: string) =>
      JSON.parse(await readFile(join(folder, `${name}.SNAPSHOT.schema.json`), "utf8"));
    const ajv = addFormats.default(new Ajv({ strict: false }));
    ajv.addFormat("iri-reference", true).addFormat("idn-email", true);
    for (const name of ["spdx", "jsf-0.82"])
      ajv.addSchema(await schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    const check = ajv.compile(await schema("bom-1.6"));
    const text = billOfMaterials(
      [
        { name: "@x/y", version: "3.0.0", license: "(MIT OR Apache-2.0)", purl: "pkg:npm/%40x/y@3.0.0" },
        { name: "a", version: "1.0.0", license: "MIT", purl: "pkg:npm/a@1.0.0" },
      ],
      "0.1.0",
    );
    expect(check(JSON.parse(text)) || check.errors).toBe(true);
    expect(text).not.toMatch(/serialNumber|timestamp/);
    expect(JSON.parse(text).components[0]).toMatchObject({
      group: "@x",
      name: "y",
      licenses: [{ expression: "(MIT OR Apache-2.0)" }],
    });
  });
});
