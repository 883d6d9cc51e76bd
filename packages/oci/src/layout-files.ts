/** Files of an image layout in a directory that anybody may have filled: no name leads outside, nothing but plain files
 * is read, and what is written appears whole. */
import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { OciError } from "./errors.ts";
import { maxManifestBytes } from "./manifest.ts";

const errno = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Opens a plain file to read; null when it is not there. A link would show another file's bytes, a pipe never end. */
export async function openPlain(path: string): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (errno(cause) === "ENOENT" || errno(cause) === "ENOTDIR") return null;
    if (errno(cause) === "ELOOP") throw notPlain(path);
    throw fileError("read", path, cause);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw notPlain(path);
}

/** A small file, whole; null when it is not there. */
export async function readSmall(path: string): Promise<Uint8Array | null> {
  const file = await openPlain(path);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > maxManifestBytes) {
      throw new OciError("too-large", `${path} holds ${size} bytes; at most ${maxManifestBytes} are read`, {
        remedy: "Check that the directory is an OCI image layout.",
      });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Makes the directory, and refuses one that leads elsewhere. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause) => {
    throw fileError("make", path, cause);
  });
  if (!(await lstat(path)).isDirectory()) throw notPlain(path);
}

/** Writes beside, syncs, renames. The bytes must be `expected`, where it is given. */
export async function writeWhole(
  directory: string,
  path: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected?: { digest: string; size: number },
): Promise<void> {
  const temporary = join(directory, `.${randomUUID()}.part`);
  const hash = createHash("sha256");
  let size = 0;
  try {
    const file = await open(temporary, "wx", 0o644).catch((cause) => {
      throw fileError("write", path, cause);
    });
    try {
      for await (const chunk of bytes) {
        size += chunk.byteLength;
        if (expected !== undefined && size > expected.size) break;
        hash.update(chunk);
        await file.writeFile(chunk).catch((cause) => {
          throw fileError("write", path, cause);
        });
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const digest = `sha256:${hash.digest("hex")}`;
    if (expected !== undefined && (size !== expected.size || digest !== expected.digest)) {
      throw new OciError(
        "digest",
        `what should become ${path} holds ${size > expected.size ? "more than " : ""}${Math.min(size, expected.size)} bytes of ${digest}, not ${expected.size} bytes of ${expected.digest}`,
        { remedy: "Leave the file alone while it is copied, and run it again." },
      );
    }
    await rename(temporary, path).catch((cause) => {
      throw fileError("write", path, cause);
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

export function damaged(path: string, why: string, cause?: unknown): OciError {
  return new OciError("layout", `${path} ${why}`, {
    cause,
    remedy:
      "Give a directory that holds an OCI image layout (version 1.0.0), or one that does not exist yet.",
  });
}

function notPlain(path: string): OciError {
  return damaged(path, "is not what an image layout has there: a link or a special file leads elsewhere");
}

function fileError(what: string, path: string, cause: unknown): OciError {
  return new OciError("file", `cannot ${what} ${path}: ${(cause as Error).message}`, {
    cause,
    remedy: "Give a directory that can be used and has room.",
  });
}
