/**
 * A tar whose bytes follow from its entries alone: sorted, with every folder, owned by root, of fixed modes, at time 0,
 * in the ustar format that every reader knows (POSIX.1-1988).
 */
import { open } from "node:fs/promises";
import { type Pack, pack } from "tar-stream";
import { OciError } from "../errors.ts";

/** A file of the tar. `path` is relative, with `/`. */
export type TarEntry =
  | { path: string; bytes: Uint8Array }
  | { path: string; sizeBytes: number; content: () => AsyncIterable<Uint8Array> };

/** ustar: the name field, without the prefix field that not every reader joins alike. */
const longestPath = 100;
/** ustar: eleven octal digits. */
const mostBytes = 8 ** 11 - 1;
const plainPath = /^(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9._@+-]+(\/[A-Za-z0-9._@+-]+)*$/;
const readBytes = 1 << 20;
const modes = { file: 0o644, directory: 0o755 };

/** The tar's bytes. Throws `OciError` code `image` at a path or size that ustar or a file system could take otherwise
 * than meant, at a duplicate, and when a file is not of the size that was said. */
export async function* tarOf(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  const sorted = inOrder(entries);
  const archive = pack({ highWaterMark: readBytes });
  const filled = fill(archive, sorted).then(
    () => archive.finalize(),
    (error: Error) => archive.destroy(error),
  );
  try {
    for await (const chunk of archive) yield chunk as Uint8Array;
    await filled;
  } finally {
    archive.destroy();
    await filled;
  }
}

/** By path, each folder before what it holds; the order of code units, which no locale changes. */
function inOrder(entries: readonly TarEntry[]): (TarEntry | string)[] {
  const all = new Map<string, TarEntry | string>();
  for (const entry of entries) {
    check(entry);
    if (all.has(entry.path)) throw refused(`holds ${entry.path} twice`);
    all.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (all.has(folder)) throw refused(`holds ${folder} as a file and as a folder`);
      all.set(`${folder}/`, `${folder}/`);
    }
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function check(entry: TarEntry): void {
  const { path } = entry;
  if (!plainPath.test(path)) throw refused(`cannot hold the path ${JSON.stringify(path.slice(0, 200))}`);
  // The slash of a folder counts.
  if (path.length >= longestPath) throw refused(`cannot hold a path as long as ${path}`);
  if ("sizeBytes" in entry && !(entry.sizeBytes <= mostBytes)) {
    throw refused(`cannot hold ${path} of ${entry.sizeBytes} bytes; ${mostBytes} is the most`);
  }
}

function refused(why: string): OciError {
  return new OciError("image", `a layer ${why}`, {
    remedy: "Give files of plain names and ordinary sizes.",
  });
}

async function fill(archive: Pack, entries: readonly (TarEntry | string)[]): Promise<void> {
  for (const entry of entries) {
    const common = { uid: 0, gid: 0, mtime: new Date(0) };
    if (typeof entry === "string") {
      archive.entry({ ...common, name: entry, type: "directory", mode: modes.directory });
      continue;
    }
    const sizeBytes = "bytes" in entry ? entry.bytes.byteLength : entry.sizeBytes;
    const header = { ...common, name: entry.path, type: "file" as const, mode: modes.file, size: sizeBytes };
    if ("bytes" in entry) archive.entry(header, Buffer.from(entry.bytes));
    else await copy(entry, archive.entry(header));
  }
}

async function copy(
  { path, sizeBytes, content }: Extract<TarEntry, { sizeBytes: number }>,
  sink: ReturnType<Pack["entry"]>,
): Promise<void> {
  const gone = new Promise<void>((resolve) => void sink.once("close", resolve));
  // The reader is told by the archive; a second report of it would end the process.
  sink.on("error", () => {});
  let written = 0;
  for await (const chunk of content()) {
    // Nobody reads the tar any more.
    if (sink.destroyed) return;
    written += chunk.byteLength;
    if (written > sizeBytes) break;
    if (!sink.write(chunk)) {
      await Promise.race([new Promise<void>((resolve) => void sink.once("drain", () => resolve())), gone]);
    }
  }
  if (sink.destroyed) return;
  if (written !== sizeBytes) {
    throw new OciError("image", `${path} has other than the ${sizeBytes} bytes it had a moment ago`, {
      remedy: "Do not write to a file while its image is built.",
    });
  }
  sink.end(null);
  await gone;
}

/** A file's bytes. Rejects with `OciError` code `file` when it cannot be read. */
export async function* fileContent(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((cause: Error) => {
    throw new OciError("file", `cannot read ${path}: ${cause.message}`, {
      cause,
      remedy: "Give the path of a file that this user can read.",
    });
  });
  try {
    while (true) {
      // A buffer of its own each time: the reader of the tar may still hold the last one.
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readBytes), 0, readBytes, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
