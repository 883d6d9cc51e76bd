/** The structure that ARCHITECTURE.md promises, held against the files. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Everything git would take, whether it has been added yet or not. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })
  .toString("utf8")
  .split("\n")
  .filter((file) => file !== "");
const sources = files.filter((file) => /^(packages|actions|test)\/.*\.(ts|mjs)$/.test(file));
/** What only tests import lies in `testing/` or is named so. */
const forTests = (file: string) => /\.(test|testing)\.ts$|\/testing\//.test(file);
const read = (file: string) => readFileSync(join(root, file), "utf8");
const packages = readdirSync(join(root, "packages"));

/** What a package may import of the others. `actions` and `test` may import all. */
const allowed: Record<string, readonly string[]> = {
  gates: [],
  datasets: [],
  oci: [],
  "action-kit": [],
  cluster: ["oci"],
  telemetry: ["gates", "cluster"],
  serving: ["oci"],
  rollout: ["gates", "telemetry", "serving", "oci", "cluster"],
  evidence: ["gates", "oci"],
  admission: ["action-kit", "evidence"],
  reports: ["gates"],
  github: [],
  release: ["action-kit", "evidence", "oci", "rollout"],
};

/** Files that are one table, where splitting would hide it. */
const tables = /(catalog|table|fixtures?|snapshot)[^/]*\.ts$/;

describe("the house", () => {
  it("has files of at most 250 lines, tables exempt", () => {
    const long = sources
      .filter((file) => !tables.test(file))
      .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
      .filter(({ file, lines }) => lines > (file.endsWith(".test.ts") ? 400 : 250));
    expect(long).toEqual([]);
  });

  it("has arrows that point one way", () => {
    const wrong: string[] = [];
    for (const file of sources) {
      const [top, name] = file.split("/");
      if (top !== "packages" || name === undefined || forTests(file)) continue;
      for (const [, imported] of read(file).matchAll(/(?:from|import\()\s*"@ml-actions\/([a-z-]+)/g)) {
        if (imported !== name && !allowed[name]?.includes(imported as string))
          wrong.push(`${file} → ${imported}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("keeps the judge from targets and targets from the judge", () => {
    const targets = sources.filter((file) => /^packages\/rollout\/src\/(targets|local)\//.test(file));
    expect(targets.length).toBeGreaterThan(0);
    for (const file of targets.filter((name) => !forTests(name))) {
      expect(read(file), file).not.toMatch(/@ml-actions\/gates\/(judge|evaluate|language)/);
    }
  });

  it("lists every package in ARCHITECTURE.md, and none that is gone", () => {
    const listed = [...read("ARCHITECTURE.md").matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual([...packages].sort());
  });

  it("has a README in every package and every action", () => {
    const actions = readdirSync(join(root, "actions"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const homes = [
      ...packages.map((name) => `packages/${name}`),
      ...actions.map(({ name }) => `actions/${name}`),
    ];
    expect(homes.filter((home) => !files.includes(`${home}/README.md`))).toEqual([]);
  });

  it("names the version of package.json in what it writes", () => {
    expect(read("actions/tool.ts")).toContain(`"ml-actions ${JSON.parse(read("package.json")).version}"`);
  });

  it("imports what a package declares", () => {
    const unused = packages.flatMap((name) => {
      const declared = Object.keys(JSON.parse(read(`packages/${name}/package.json`)).dependencies ?? {});
      const code = sources
        .filter((file) => file.startsWith(`packages/${name}/src/`))
        .map(read)
        .join("\n");
      return declared
        .filter((dependency) => !code.includes(`"${dependency}`))
        .map((dependency) => `${name}: ${dependency}`);
    });
    expect(unused).toEqual([]);
  });

  it("declares in package.json what a package imports", () => {
    const missing: string[] = [];
    for (const name of packages) {
      const declared = Object.keys(JSON.parse(read(`packages/${name}/package.json`)).dependencies ?? {});
      for (const file of sources.filter((source) => source.startsWith(`packages/${name}/src/`))) {
        if (forTests(file)) continue;
        for (const [, imported] of read(file).matchAll(
          /(?:from|import\()\s*"(?!node:)((?:@[a-z-]+\/)?[a-z0-9-]+)/g,
        )) {
          if (imported === `@ml-actions/${name}` || declared.includes(imported as string)) continue;
          missing.push(`${file} imports ${imported}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });
});
