/** What makes an image's digest a name for what is in it: the same parts give the same bytes, on any machine. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { platforms, readContents } from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import { releaseTree, suiteSources } from "@ml-actions/release";
import { compile } from "@ml-actions/release/compile";
import { layOutImage } from "@ml-actions/release/image";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { debianBaseLayout } from "../components/base-image.ts";
import { type RunningRegistry, sha256, startRegistry } from "../components/docker-registry.ts";
import { goTool } from "../components/go-tool.ts";
import type { ImageResult, ImageTask } from "./image-process.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const fixture = join(root, "test/fixtures/flights/flights-2");

let directory: string;
let registry: RunningRegistry;
let task: ImageTask;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-image-"));
  registry = await startRegistry();
  task = {
    base: `oci:${await debianBaseLayout()}:nonroot`,
    platforms: [...platforms],
    server: join(await releaseTree(), "image"),
    runtime: join(root, "node_modules/onnxruntime-node"),
    model: fixture,
    store: `${registry.host}/flights`,
    tag: "2.0",
  };
});
afterAll(async () => {
  await registry?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function build(
  changes: Partial<ImageTask> = {},
  {
    cwd = root,
    umask = "022",
    environment = {},
  }: { cwd?: string; umask?: string; environment?: Record<string, string> } = {},
): Promise<ImageResult> {
  const program = join(import.meta.dirname, "image-process.ts");
  const command = `umask ${umask}; exec "$0" --no-maglev "$@"`;
  const { stdout } = await run(
    "/bin/sh",
    ["-c", command, process.execPath, program, JSON.stringify({ ...task, ...changes })],
    {
      cwd,
      env: { PATH: process.env.PATH, ...environment },
    },
  );
  return JSON.parse(stdout) as ImageResult;
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

describe("the image of the flights", () => {
  it("has one digest, whatever the directory, umask, time zone, locale and order it is built with", async () => {
    const { digest } = await build();
    const elsewhere = join(directory, "a", "b c");
    await mkdir(elsewhere, { recursive: true });
    for (const ending of ["onnx", "contract.json"])
      await cp(`${fixture}.${ending}`, join(elsewhere, `renamed.${ending}`));
    await cp(task.server, join(elsewhere, "image"), { recursive: true });
    const other = await build(
      {
        model: join(elsewhere, "renamed"),
        server: join(elsewhere, "image"),
        platforms: platforms.toReversed(),
        store: `oci:${directory}/layout`,
      },
      {
        cwd: elsewhere,
        umask: "077",
        environment: { TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8" },
      },
    );
    expect(other.digest).toBe(digest);
    const store = (await openStore(`oci:${directory}/layout`)).store;
    expect(await readContents(store, digest)).toMatchObject({
      modelDigest: sha256(await readFile(`${fixture}.onnx`)),
      contractDigest: sha256(await readFile(`${fixture}.contract.json`)),
      platforms: [{ platform: "linux/amd64" }, { platform: "linux/arm64" }],
    });
  });

  it.each(platforms)(
    "is what crane takes for a sound image, with our files at their places: %s",
    async (platform) => {
      const { digest } = await build();
      const image = `${registry.host}/flights@${digest}`;
      const crane = async (...args: string[]) =>
        (
          await run(await goTool("crane"), [...args, "--platform", platform], {
            maxBuffer: 2 ** 29,
            encoding: "buffer",
          })
        ).stdout;
      expect((await crane("validate", "--remote", image)).toString()).toContain("PASS");
      const config = JSON.parse((await crane("config", image)).toString());
      expect(`${config.os}/${config.architecture}`).toBe(platform);
      expect(config.config).toMatchObject({
        User: "65532:65532",
        Entrypoint: ["/nodejs/bin/node", "--no-maglev", "/app/server/server.js"],
      });
      const files = await ourFiles(await crane("export", image, "-"));
      const binaries = `app/runtime/node_modules/onnxruntime-node/bin/napi-v6/linux/${platform === "linux/amd64" ? "x64" : "arm64"}`;
      for (const path of [
        "app/server/server.js",
        "app/server/inference.js",
        "app/server/server.cdx.json",
        "model/flights.onnx",
        "model/flights.contract.json",
        `${binaries}/libonnxruntime.so.1`,
        `${binaries}/onnxruntime_binding.node`,
      ]) {
        expect(files).toContain(path);
      }
      expect(files.filter((path) => /\.(dll|dylib)$|cuda|tensorrt|\.d\.ts$|\.map$/i.test(path))).toEqual([]);
      expect(files.filter((path) => path.includes("/napi-v6/") && !path.startsWith(binaries))).toEqual([]);
    },
  );

  it("is built in memory that does not grow with the model", async () => {
    const peaks: number[] = [];
    for (const megabytes of [1, 300]) {
      const model = join(directory, `m${megabytes}`);
      await cp(`${fixture}.onnx`, `${model}.onnx`);
      await truncate(`${model}.onnx`, megabytes * 2 ** 20);
      await cp(`${fixture}.contract.json`, `${model}.contract.json`);
      peaks.push((await build({ model, tag: `m${megabytes}`, store: `oci:${directory}/large` })).peakBytes);
    }
    const [small = 0, large = 0] = peaks;
    expect((large - small) / 2 ** 20).toBeLessThan(40);
  });
});

/** Paths below /app and /model of an exported file system, each checked for owner, time and mode. */
async function ourFiles(tar: Buffer): Promise<string[]> {
  const paths: string[] = [];
  const extractor = extract();
  Readable.from([tar]).pipe(extractor as unknown as NodeJS.WritableStream);
  for await (const entry of extractor) {
    const { name, type, uid, gid, mode, mtime } = entry.header;
    entry.resume();
    if (!/^\/?(app|model)\//.test(name)) continue;
    const expected = { uid: 0, gid: 0, mtime: 0, mode: type === "directory" ? 0o755 : 0o644 };
    expect({ uid, gid, mode: mode & 0o7777, mtime: mtime.getTime() }, name).toEqual(expected);
    if (type === "file") paths.push(name.replace(/^\//, ""));
  }
  return paths;
}

describe("the release's part of an image", () => {
  it("has the same bytes when it is built in another directory", async () => {
    const checkout = join(directory, "another", "checkout");
    await mkdir(checkout, { recursive: true });
    for (const path of [
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "packages",
      "actions",
      "test",
    ]) {
      await cp(join(root, path), join(checkout, path), {
        recursive: true,
        filter: (source) => !/\/(node_modules|build)$/.test(source),
      });
    }
    await linkTree(join(root, "node_modules"), join(checkout, "node_modules"));
    // What takes the time, and follows from files that are compared by their hash.
    await cp(join(root, "build/onnxruntime-layers"), join(checkout, "build/onnxruntime-layers"), {
      recursive: true,
    });
    const sources = suiteSources(checkout);
    const work = join(checkout, "build/js");
    const out = join(directory, "image-elsewhere");
    await mkdir(out);
    await compile(sources, work);
    await layOutImage(sources, { work, out });
    const files = await filesUnder(task.server);
    expect(await filesUnder(out)).toEqual(files);
    for (const file of files) {
      const bytes = await readFile(join(out, file));
      expect(bytes.equals(await readFile(join(task.server, file))), file).toBe(true);
      expect(bytes.includes(root), file).toBe(false);
    }
  });

  it("lists every npm package that the bundler has a licence of", async () => {
    const server = join(task.server, "server");
    const licenses = await readFile(join(server, "licenses.txt"), "utf8");
    const { components } = JSON.parse(await readFile(join(server, "server.cdx.json"), "utf8")) as {
      components: { group?: string; name: string; version: string; purl: string }[];
    };
    const names = new Set(
      components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`)),
    );
    const licensed = licenses
      .split("\n")
      .filter((line) => /^(@[a-z-]+\/)?[a-z][a-z0-9.-]*$/.test(line) && !line.startsWith("@ml-actions/"));
    expect(licensed.length).toBeGreaterThan(30);
    expect(licensed.filter((name) => !names.has(name))).toEqual([]);
    expect([...names]).not.toContain("@actions/core");
  });
});

/** A copy whose files are the same files: node_modules is 800 MB. */
async function linkTree(from: string, to: string): Promise<void> {
  await run("cp", ["-al", from, to]).catch(async () => {
    // On another file system.
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
  });
}
