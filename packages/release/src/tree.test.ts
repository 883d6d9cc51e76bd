import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseActionFile } from "../../../test/runner/action-file.ts";
import { sampleSources, sampleTree } from "../../../test/runner/sample/tree.ts";
import { withLock } from "./build-lock.ts";
import { layOut } from "./layout.ts";
import { codeHash } from "./sources.ts";
import { buildReleaseTree } from "./tree.ts";

let scratch: string;
let tree: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "tree-"));
  tree = await sampleTree();
});
afterAll(() => rm(scratch, { recursive: true }));

const everyFile = async () => (await readdir(tree, { recursive: true })).sort();

describe("a release tree", () => {
  it("has the action at its root, as `uses: org/ml-actions/sample@v1` wants it", async () => {
    const files = await everyFile();
    expect(files).toEqual(
      expect.arrayContaining(["sample/action.yml", "sample/index.js", "sample/post.js", "LICENSE"]),
    );
    const { runs } = parseActionFile(await readFile(join(tree, "sample/action.yml"), "utf8"));
    expect(runs).toEqual({ using: "node24", main: "index.js", post: "post.js" });
  });

  it("has stubs of a few lines that share one bundle", async () => {
    for (const file of ["sample/index.js", "sample/post.js", "programs/server.js"]) {
      expect((await stat(join(tree, file))).size).toBeLessThan(200);
    }
    const withZod = [];
    for (const file of await everyFile()) {
      if (file.endsWith(".js") && (await readFile(join(tree, file), "utf8")).includes("ZodError"))
        withZod.push(file);
    }
    expect(withZod).toHaveLength(1);
  });

  it("turns V8's Maglev off before it loads the bundle", async () => {
    const start = await readFile(join(tree, "start.js"), "utf8");
    const off = start.indexOf('\nsetFlagsFromString("--no-maglev");');
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(start.indexOf("bundle/index.js"));
    expect(start.slice(0, off)).not.toMatch(/from "\.|import\(/);
  });

  it("holds no native binary, no source map, no TypeScript, no module that is not bundled", async () => {
    expect(
      (await everyFile()).filter((file) => /\.(node|so|dll|dylib|map|ts)$|node_modules/.test(file)),
    ).toEqual([]);
  });

  it("states the licence of what is bundled", async () => {
    const licenses = await readFile(join(tree, "licenses.txt"), "utf8");
    for (const name of ["@actions/core", "zod", "yaml"])
      expect(licenses).toMatch(new RegExp(`^${name}$`, "m"));
  });

  it("leaves out the HTTP client that @actions/core would load at every start", async () => {
    for (const file of await everyFile()) {
      if (file.endsWith(".js")) expect(await readFile(join(tree, file), "utf8"), file).not.toMatch(/undici/i);
    }
  });

  it("says nothing of the machine it was built on", async () => {
    for (const file of await everyFile()) {
      if (!/\.(js|yml|md|json)$/.test(file)) continue;
      expect(await readFile(join(tree, file), "utf8"), file).not.toContain(sampleSources.root);
    }
  });
});

describe("building it", () => {
  it("is done once for several who ask at the same time", async () => {
    const script = `import(${JSON.stringify(join(import.meta.dirname, "../../../test/runner/sample/tree.ts"))})
      .then(async (module) => console.log(await module.sampleTree()))`;
    const asked = Array.from({ length: 3 }, () => promisify(execFile)(process.execPath, ["-e", script]));
    const paths = (await Promise.all(asked)).map(({ stdout }) => stdout.trim());
    expect(new Set(paths)).toEqual(new Set([tree]));
  });

  it("goes by the content of the code", async () => {
    const root = join(scratch, "checkout");
    const source = join(root, "packages/a/src/a.ts");
    await mkdir(join(source, ".."), { recursive: true });
    const sources = { ...sampleSources, root };
    const hashes: string[] = [];
    for (const [file, text] of [
      [source, "1"],
      [source, "2"],
      [join(source, "../a.test.ts"), "a test changes nothing"],
      [source, "1"],
    ] as const) {
      await writeFile(file, text);
      hashes.push(await codeHash(sources));
    }
    expect(hashes[1]).not.toBe(hashes[0]);
    expect(hashes[2]).toBe(hashes[1]);
    expect(hashes[3]).toBe(hashes[0]);
  });

  it("refers to the ref it is built for, and takes along the workflows that others call", async () => {
    const root = join(scratch, "suite");
    const workflows = join(root, ".github/workflows");
    await mkdir(workflows, { recursive: true });
    await mkdir(join(root, "bundled/bundle"), { recursive: true });
    await writeFile(join(root, "bundled/bundle/licenses.txt"), "");
    await writeFile(join(root, "README.md"), "uses: org/ml-actions/deploy@v1, never org/other@v1");
    const step = "jobs:\n  a:\n    steps:\n      - uses: org/ml-actions/deploy@v1\n";
    await writeFile(join(workflows, "deliver.yml"), `on:\n  workflow_call:\n${step}`);
    await writeFile(join(workflows, "ci.yml"), `on: push\n${step}`);
    const out = join(scratch, "laid-out");
    await layOut(
      { ...sampleSources, root },
      { bundled: join(root, "bundled"), actions: [], out, ref: "v1.2.3" },
    );
    expect(await readFile(join(out, "README.md"), "utf8")).toBe(
      "uses: org/ml-actions/deploy@v1.2.3, never org/other@v1",
    );
    expect(await readdir(join(out, ".github/workflows"))).toEqual(["deliver.yml"]);
    expect(await readFile(join(out, ".github/workflows/deliver.yml"), "utf8")).toContain("deploy@v1.2.3");
  });

  it("does not overwrite a directory that holds something else", async () => {
    await writeFile(join(scratch, "thesis.txt"), "years of work");
    await expect(buildReleaseTree({ out: scratch })).rejects.toThrow(
      "holds something other than a release tree",
    );
    await expect(buildReleaseTree({ out: join(scratch, "new"), ref: "v1; rm -rf /" })).rejects.toThrow(
      "is no tag",
    );
  });
});

describe("the lock of the build", () => {
  it("lets one in at a time, and is taken over from the dead", async () => {
    const file = join(scratch, "lock");
    // A pid that cannot be: Linux's largest is 4,194,304.
    await writeFile(file, "4999999");
    let inside = 0;
    let most = 0;
    const visit = () =>
      withLock(file, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside -= 1;
      });
    await Promise.all([visit(), visit(), visit()]);
    expect(most).toBe(1);
    await expect(withLock(file, () => Promise.reject(new Error("the build failed")))).rejects.toThrow(
      "the build failed",
    );
    await withLock(file, async () => {});
  });
});
