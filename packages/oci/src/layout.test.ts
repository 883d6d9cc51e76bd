/** Layouts that anybody may have written. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentOfFile } from "./content.ts";
import { Layout } from "./layout.ts";
import type { Descriptor } from "./manifest.ts";
import { openStore } from "./open-store.ts";
import { attachArtifact, image, indexType, manifestType, pushBytes, readAll } from "./testing/artifacts.ts";
import { sha256 } from "./testing/fake-registry.ts";

const refName = "org.opencontainers.image.ref.name";
let directory: string;
let layout: Layout;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-layout-"));
  layout = new Layout(join(directory, "image"));
});
afterEach(() => rm(directory, { recursive: true }));

const at = (...names: string[]) => join(directory, "image", ...names);
const blobPath = ({ digest }: Descriptor) => at("blobs", "sha256", digest.slice(7));
const index = async () => JSON.parse(await readFile(at("index.json"), "utf8")) as { manifests: Descriptor[] };
const setIndex = async (text: string) => {
  await mkdir(at("blobs", "sha256"), { recursive: true });
  await writeFile(at("oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(at("index.json"), text);
};
const push = async (text: string, tag?: string) =>
  layout.pushManifest(await image(layout, text), manifestType, tag);

describe("a layout", () => {
  it("lists tags first, then what is attached, and no parts of an index; nothing else is left behind", async () => {
    const parts = [await push("amd64"), await push("arm64")];
    expect((await index()).manifests).toHaveLength(2);
    const text = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: parts });
    const multi = await layout.pushManifest(Buffer.from(text), indexType, "1.0");
    const attached = await attachArtifact(layout, multi, "evidence");
    const other = await push("other", "2.0");
    const { manifests } = await index();
    expect(manifests.map(({ digest }) => digest)).toEqual(
      [multi, other, attached].map(({ digest }) => digest),
    );
    expect(manifests.map(({ annotations }) => annotations?.[refName])).toEqual(["1.0", "2.0", undefined]);
    expect(manifests[2]).toMatchObject({ artifactType: "application/vnd.example+json" });
    expect((await readdir(at())).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  });

  it("may have one image under two tags", async () => {
    const first = await push("x", "1.0");
    expect(await push("x", "latest")).toEqual(first);
    expect(await layout.resolve("1.0")).toEqual(await layout.resolve("latest"));
  });

  it("says what is not there", async () => {
    await expect(layout.manifest("1.0")).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("there is no image layout"),
    });
    expect(existsSync(at())).toBe(false);
  });

  it("is not made where nothing can be written", async () => {
    await writeFile(at(), "a file");
    await expect(push("x")).rejects.toMatchObject({ remedy: expect.any(String) });
  });
});

describe("a hostile layout", () => {
  it("with a blob that is a link, a pipe or a directory is refused, without hanging", async () => {
    const descriptor = await pushBytes(layout, Buffer.from("0123456789"));
    const path = blobPath(descriptor);
    await writeFile(join(directory, "secret"), "0123456789");
    for (const make of [
      () => symlink(join(directory, "secret"), path),
      () => execFileSync("mkfifo", [path]),
      () => mkdir(path),
    ]) {
      await rm(path, { recursive: true, force: true });
      await make();
      await expect(readAll(layout, descriptor)).rejects.toMatchObject({ code: "layout" });
      await expect(layout.hasBlob(descriptor)).rejects.toMatchObject({ code: "layout" });
    }
  });

  it("with directories that lead elsewhere is not written through", async () => {
    await mkdir(at());
    await mkdir(join(directory, "elsewhere"));
    await symlink(join(directory, "elsewhere"), at("blobs"));
    await expect(push("x", "1.0")).rejects.toMatchObject({ code: "layout" });
    expect(await readdir(join(directory, "elsewhere"))).toEqual([]);
  });

  it("with a blob that was changed or cut is found out; cut ones are written anew", async () => {
    const descriptor = await pushBytes(layout, Buffer.from("true layer"));
    await writeFile(blobPath(descriptor), "evil layer");
    await expect(readAll(layout, descriptor)).rejects.toMatchObject({ code: "digest" });
    await truncate(blobPath(descriptor), 3);
    await expect(readAll(layout, descriptor)).rejects.toMatchObject({ code: "digest" });
    await pushBytes(layout, Buffer.from("true layer"));
    expect(String(await readAll(layout, descriptor))).toBe("true layer");
  });

  it("with a manifest that was swapped is found out", async () => {
    const descriptor = await push("x", "1.0");
    await writeFile(blobPath(descriptor), await image(layout, "y"));
    for (const name of ["1.0", descriptor.digest]) {
      await expect(layout.manifest(name)).rejects.toMatchObject({ code: "digest" });
    }
  });

  it.each<[string, string, string]>([
    ["an index without end", " ".repeat(5_000_000), "too-large"],
    ["one that is no JSON", "{", "manifest"],
    ["one without manifests", '{"schemaVersion":2}', "manifest"],
    [
      "one with a path for a digest",
      `{"schemaVersion":2,"manifests":[{"mediaType":"${manifestType}","digest":"sha256:../../../etc/passwd","size":1}]}`,
      "manifest",
    ],
  ])("with %s is refused", async (_name, text, code) => {
    await setIndex(text);
    await expect(layout.resolve("1.0")).rejects.toMatchObject({ code });
    await expect(push("x", "1.0")).rejects.toMatchObject({ code });
  });

  it("with one tag on two images, or another version, is refused", async () => {
    const entry = (text: string) => ({
      mediaType: manifestType,
      digest: sha256(text),
      size: 1,
      annotations: { [refName]: "1.0" },
    });
    await setIndex(JSON.stringify({ schemaVersion: 2, manifests: [entry("a"), entry("b")] }));
    await expect(layout.resolve("1.0")).rejects.toMatchObject({ code: "layout" });
    await writeFile(at("oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
    await expect(layout.resolve("1.0")).rejects.toMatchObject({ code: "layout" });
    await rm(at("oci-layout"));
    await expect(layout.resolve("1.0")).rejects.toMatchObject({ code: "layout" });
  });

  it("with a document that is both index and manifest is refused", async () => {
    const descriptor = { mediaType: manifestType, digest: sha256("x"), size: 1 };
    const text = JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [], manifests: [] });
    await setIndex('{"schemaVersion":2,"manifests":[]}');
    const both = await pushBytes(layout, Buffer.from(text));
    await expect(layout.manifest(both.digest)).rejects.toMatchObject({ code: "digest" });
  });
});

describe("the lock of a layout", () => {
  it("left by a process that died is taken over", async () => {
    await push("x", "1.0");
    const { pid } = JSON.parse(
      execFileSync(process.execPath, ["-e", "console.log(JSON.stringify({ pid: process.pid }))"]).toString(),
    ) as { pid: number };
    const { hostname } = await import("node:os");
    await writeFile(
      at("index.json.lock"),
      JSON.stringify({ host: hostname(), pid, at: Date.now(), id: "dead" }),
    );
    await Promise.all(Array.from({ length: 5 }, (_, each) => push(`y${each}`, `2.${each}`)));
    expect((await index()).manifests).toHaveLength(6);
    expect((await readdir(at())).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  });
});

describe("what names a store", () => {
  const digest = sha256("x");
  it.each([
    ["oci:build/image", { name: "oci:build/image" }],
    ["oci:build/image:1.0", { name: "oci:build/image", tag: "1.0" }],
    [`oci:/tmp/a:b/c:1.0@${digest}`, { name: "oci:/tmp/a:b/c", tag: "1.0", digest }],
    [`oci:./a@b@${digest}`, { name: "oci:./a@b", digest }],
    [`ghcr.io/org/flights:1.0@${digest}`, { name: "ghcr.io/org/flights", tag: "1.0", digest }],
  ])("%s is opened", async (text, { name, ...rest }) => {
    const { store, ...named } = await openStore(text);
    expect(store.name).toBe(name);
    expect(named).toEqual(rest);
  });

  it.each([
    ["oci:", "no directory"],
    ["oci::1.0", "no directory"],
    ["oci://ghcr.io/org/flights", "a model in a registry"],
    ["oci:a\nb", "control characters"],
    ["oci:a@sha256:12", "64 hex digits"],
    ["oci:a:", "its tag is empty"],
    [`oci:${"a".repeat(5000)}`, "longer than"],
    ["busybox", "no registry"],
  ])("%j is refused", async (text, why) => {
    await expect(openStore(text)).rejects.toMatchObject({
      code: "reference",
      message: expect.stringContaining(why),
    });
  });

  it("has the file's own failure in a content", async () => {
    const descriptor = { mediaType: "x/y", digest, size: 1 };
    const content = contentOfFile(join(directory, "absent"));
    await expect(layout.pushBlob(descriptor, content)).rejects.toMatchObject({
      code: "file",
      message: expect.stringContaining("absent"),
    });
  });
});
