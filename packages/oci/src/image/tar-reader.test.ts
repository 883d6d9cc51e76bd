import fc from "fast-check";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { OciError } from "../errors.ts";
import { collect } from "../testing/tiny-image.ts";
import { tarOf } from "./tar.ts";
import { entriesOf } from "./tar-reader.ts";

type Header = Parameters<ReturnType<typeof pack>["entry"]>[0];

/** As another's writer makes it. */
async function written(entries: readonly [Header, string?][]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content] of entries) archive.entry({ mtime: new Date(0), ...header }, content ?? "");
  archive.finalize();
  return collect(archive as AsyncIterable<Uint8Array>);
}

async function* inChunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Uint8Array, chunkBytes = 100) {
  const found: { path: string; type: string; content: string }[] = [];
  for await (const { path, type, content } of entriesOf(inChunks(bytes, chunkBytes))) {
    found.push({ path, type, content: (await collect(content)).toString() });
  }
  return found;
}

const file = (path: string, text: string) => tarOf([{ path, bytes: Buffer.from(text) }]);
const end = 1024;

/** Writes into a header and mends its checksum. */
function forged(tar: Uint8Array, at: number, text: string, header = 0): Buffer {
  const bytes = Buffer.from(tar);
  bytes.write(text, header + at, "latin1");
  bytes.write(" ".repeat(8), header + 148);
  const sum = bytes.subarray(header, header + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, header + 148);
  return bytes;
}

function paxHeader(records: string): Promise<Buffer> {
  return written([[{ name: "pax", type: "file" }, records]]).then((tar) =>
    forged(tar.subarray(0, -end), 156, "x"),
  );
}

const record = (text: string) => {
  for (let digits = 1; ; digits++) {
    const length = digits + 1 + Buffer.byteLength(text) + 1;
    if (String(length).length === digits) return `${length} ${text}\n`;
  }
};

describe("reading a tar", () => {
  it("gives what was written, however it arrives", async () => {
    const tar = await written([
      [{ name: "model/", type: "directory" }],
      [{ name: "model/a.onnx" }, "weights"],
      [{ name: "link", type: "symlink", linkname: "/etc/passwd" }],
      [{ name: `${"long/".repeat(30)}name` }, "pax"],
      [{ name: "ümlaut/✈" }, "pax too"],
      [{ name: "empty" }, ""],
    ]);
    for (const chunkBytes of [1, 511, 512, 100_000]) {
      expect(await read(tar, chunkBytes)).toEqual([
        { path: "model/", type: "directory", content: "" },
        { path: "model/a.onnx", type: "file", content: "weights" },
        { path: "link", type: "other", content: "" },
        { path: `${"long/".repeat(30)}name`, type: "file", content: "pax" },
        { path: "ümlaut/✈", type: "file", content: "pax too" },
        { path: "empty", type: "file", content: "" },
      ]);
    }
  });

  it("may leave content unread", async () => {
    const tar = await collect(tarOf(["a", "b", "c"].map((path) => ({ path, bytes: Buffer.alloc(2000) }))));
    const paths: string[] = [];
    for await (const { path, content } of entriesOf(inChunks(tar, 700))) {
      paths.push(path);
      if (path === "b") for await (const _ of content) break;
    }
    expect(paths).toEqual(["a", "b", "c"]);
  });

  it("stops where the archive ends, as container runtimes do, and still reads the stream to its end", async () => {
    const behind = Buffer.concat([await collect(file("a", "1")), await collect(file("b", "2"))]);
    let read = 0;
    async function* counted() {
      for await (const chunk of inChunks(behind, 512)) {
        read += chunk.byteLength;
        yield chunk;
      }
    }
    const paths: string[] = [];
    for await (const { path } of entriesOf(counted())) paths.push(path);
    expect(paths).toEqual(["a"]);
    expect(read).toBe(behind.byteLength);
  });

  it.each<[string, () => Promise<Uint8Array>, RegExp]>([
    ["cut off in a header", async () => (await collect(file("a", "1"))).subarray(0, 300), /ends too early/],
    ["cut off in a file", async () => (await collect(file("a", "1"))).subarray(0, 600), /ends too early/],
    [
      "with a wrong checksum",
      async () => Buffer.from(await collect(file("a", "1"))).fill("b", 0, 1),
      /checksum/,
    ],
    ["of no known format", async () => forged(await collect(file("a", "1")), 257, "v7tar "), /neither ustar/],
    [
      "with a size that is not octal",
      async () => forged(await collect(file("a", "1")), 124, "99999999999\0"),
      /not octal/,
    ],
    [
      "with a negative size",
      async () => forged(await collect(file("a", "1")), 124, "-0000000001\0"),
      /not octal/,
    ],
    [
      "with a size in binary",
      async () => forged(await collect(file("a", "1")), 124, "\x80\0\0\0"),
      /not octal/,
    ],
    ["with a sparse file", async () => forged(await collect(file("a", "1")), 156, "S"), /sparse/],
    [
      "with a link that has content",
      async () => forged(await collect(file("a", "1")), 156, "2"),
      /link or folder/,
    ],
    [
      "that goes on after a block of zeros",
      async () => Buffer.concat([Buffer.alloc(512), await collect(file("a", "1"))]),
      /block of zeros/,
    ],
    [
      "with a pax size that is no number",
      async () => Buffer.concat([await paxHeader(record("size=-1")), await collect(file("a", "1"))]),
      /a size is/,
    ],
    [
      "with a pax record that lies about its length",
      async () => Buffer.concat([await paxHeader("99 path=b\n"), await collect(file("a", "1"))]),
      /pax header/,
    ],
    [
      "with a pax record twice",
      async () =>
        Buffer.concat([await paxHeader(record("path=b") + record("path=c")), await collect(file("a", "1"))]),
      /twice/,
    ],
    [
      "with a sparse map in pax",
      async () =>
        Buffer.concat([await paxHeader(record("GNU.sparse.name=b")), await collect(file("a", "1"))]),
      /sparse/,
    ],
    [
      "with two pax headers for one entry",
      async () =>
        Buffer.concat([
          await paxHeader(record("path=b")),
          await paxHeader(record("path=c")),
          await collect(file("a", "1")),
        ]),
      /two headers/,
    ],
    ["with a pax header for nothing", async () => paxHeader(record("path=b")), /ends too early/],
    [
      "with a name for all entries",
      async () =>
        Buffer.concat([forged(await paxHeader(record("path=b")), 156, "g"), await collect(file("a", "1"))]),
      /all its entries/,
    ],
    [
      "with a header of a gigabyte",
      async () => forged(forged(await collect(file("a", "1")), 156, "x"), 124, "10000000000\0"),
      /a header of 1073741824/,
    ],
  ])("%s is refused", async (_name, tar, message) => {
    const bytes = await tar();
    await expect(read(bytes)).rejects.toMatchObject({
      code: "image",
      message: expect.stringMatching(message),
    });
  });

  it("whatever it holds, ends with entries or with an error for the reader", async () => {
    const sound = await written([
      [{ name: "a" }, "x".repeat(600)],
      [{ name: "é".repeat(80) }, "pax"],
      [{ name: "d/", type: "directory" }],
    ]);
    const damage = fc.array(fc.tuple(fc.nat(sound.byteLength - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), fc.nat(sound.byteLength), async (changes, mend, length) => {
        let bytes: Buffer = Buffer.from(sound);
        for (const [at, byte] of changes) {
          bytes[at] = byte;
          if (mend) bytes = forged(bytes, at % 512, String.fromCharCode(byte), at - (at % 512));
        }
        const result = await read(bytes.subarray(0, length)).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(OciError);
      }),
      { numRuns: 400 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        const result = await read(bytes).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(OciError);
      }),
      { numRuns: 100 },
    );
  });
});
