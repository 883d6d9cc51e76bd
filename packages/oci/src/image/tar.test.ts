import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { extract } from "tar-stream";
import { describe, expect, it } from "vitest";
import { digestOfBytes } from "../digest.ts";
import { collect } from "../testing/tiny-image.ts";

import { fileContent, type TarEntry, tarOf } from "./tar.ts";

const bytes = (text: string) => Buffer.from(text);

/** As another's reader sees it. */
async function read(tar: Uint8Array) {
  const entries: { name: string; type: string; mode: number; content: string }[] = [];
  const extractor = extract();
  Readable.from([tar]).pipe(extractor as unknown as NodeJS.WritableStream);
  for await (const entry of extractor) {
    const content = await collect(entry as AsyncIterable<Uint8Array>);
    const { name, type, mode, uid, gid, mtime, uname, gname } = entry.header;
    expect({ uid, gid, mtime: mtime.getTime(), uname, gname }).toEqual({
      uid: 0,
      gid: 0,
      mtime: 0,
      uname: "",
      gname: "",
    });
    entries.push({ name, type, mode, content: content.toString() });
  }
  return entries;
}

describe("a layer's tar", () => {
  it("holds files and folders in order, owned by root, of no time", async () => {
    const tar = await collect(
      tarOf([
        { path: "model/profile.json", bytes: bytes("{}") },
        { path: "app/b", bytes: bytes("") },
        { path: "app-a/c", bytes: bytes("c".repeat(1000)) },
      ]),
    );
    expect(tar.byteLength % 512).toBe(0);
    expect(await read(tar)).toEqual([
      { name: "app-a/", type: "directory", mode: 0o755, content: "" },
      { name: "app-a/c", type: "file", mode: 0o644, content: "c".repeat(1000) },
      { name: "app/", type: "directory", mode: 0o755, content: "" },
      { name: "app/b", type: "file", mode: 0o644, content: "" },
      { name: "model/", type: "directory", mode: 0o755, content: "" },
      { name: "model/profile.json", type: "file", mode: 0o644, content: "{}" },
    ]);
  });

  // GNU tar 1.35 makes the same: tar -b 1 --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c model
  it("has these bytes and no others", async () => {
    const tar = await collect(tarOf([{ path: "model/a.onnx", bytes: bytes("weights") }]));
    expect(digestOfBytes(tar)).toBe(
      "sha256:e87a6a64fe7cec4f784c249e895be65379f52272a33e23fc3996d33ad577ce52",
    );
  });

  const names = fc.stringMatching(/^[a-z0-9_]{1,8}$/);
  const files = fc.uniqueArray(
    fc.record({
      path: fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
      bytes: fc.uint8Array({ maxLength: 1500 }),
    }),
    { selector: ({ path }) => path, maxLength: 8 },
  );

  it("follows from the entries, whatever their order", async () => {
    await fc.assert(
      fc.asyncProperty(files, async (entries) => {
        const folders = entries.flatMap(({ path }) =>
          path
            .split("/")
            .slice(0, -1)
            .map((_, at) =>
              path
                .split("/")
                .slice(0, at + 1)
                .join("/"),
            ),
        );
        fc.pre(!entries.some(({ path }) => folders.includes(path)));
        const tar = await collect(tarOf(entries));
        expect((await collect(tarOf(entries.toReversed()))).equals(tar)).toBe(true);
        const found = (await read(tar)).filter(({ type }) => type === "file").map(({ name }) => name);
        expect(found.sort()).toEqual(entries.map(({ path }) => path).sort());
      }),
      { numRuns: 50 },
    );
  });

  it.each<[string, TarEntry[], RegExp]>([
    ["a path that climbs", [{ path: "model/../etc/passwd", bytes: bytes("") }], /cannot hold the path/],
    ["an absolute path", [{ path: "/etc/passwd", bytes: bytes("") }], /cannot hold the path/],
    ["an empty path", [{ path: "", bytes: bytes("") }], /cannot hold the path/],
    ["a path of two lines", [{ path: "a\nb", bytes: bytes("") }], /cannot hold the path/],
    ["a path with an empty part", [{ path: "a//b", bytes: bytes("") }], /cannot hold the path/],
    ["a path that ustar has no room for", [{ path: "a".repeat(100), bytes: bytes("") }], /as long as/],
    [
      "a file twice",
      [
        { path: "a", bytes: bytes("1") },
        { path: "a", bytes: bytes("2") },
      ],
      /holds a twice/,
    ],
    [
      "a file that is a folder",
      [
        { path: "a", bytes: bytes("1") },
        { path: "a/b", bytes: bytes("2") },
      ],
      /holds a as a file and as a folder/,
    ],
    [
      "more than ustar can count",
      [{ path: "a", sizeBytes: 2 ** 33, content: () => fileContent("/dev/null") }],
      /8589934592 bytes/,
    ],
    [
      "a size that is no number",
      [{ path: "a", sizeBytes: Number.NaN, content: () => fileContent("/dev/null") }],
      /NaN bytes/,
    ],
  ])("is refused with %s", async (_name, entries, message) => {
    await expect(collect(tarOf(entries))).rejects.toMatchObject({
      code: "image",
      message: expect.stringMatching(message),
    });
  });

  it("is refused when a file is longer or shorter than it was, or is not there", async () => {
    const directory = await mkdtemp(join(tmpdir(), "ml-actions-tar-"));
    try {
      const path = join(directory, "model");
      await writeFile(path, "12345");
      const tar = (sizeBytes: number, from = path) =>
        collect(tarOf([{ path: "m", sizeBytes, content: () => fileContent(from) }]));
      expect(await read(await tar(5))).toMatchObject([{ content: "12345" }]);
      for (const sizeBytes of [4, 6]) {
        await expect(tar(sizeBytes)).rejects.toMatchObject({
          code: "image",
          message: expect.stringContaining(`than the ${sizeBytes} bytes`),
        });
      }
      await expect(tar(5, join(directory, "absent"))).rejects.toMatchObject({ code: "file" });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
