/**
 * Finds files in an image as the container will see them: the uppermost layer that has a file decides, and a layer may
 * hide what lies below it (image specification 1.1, "Image Layer Filesystem Changeset"). No path of a layer is followed:
 * a file is taken where it lies under exactly the path that was asked for.
 */
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { Source } from "../store.ts";
import { imageMediaTypes } from "./names.ts";
import { entriesOf, type ReadEntry } from "./tar-reader.ts";

/** A file that is looked for; `path` without the leading slash. */
export interface Sought {
  path: string;
  mostBytes: number;
  /** Takes the content, chunk by chunk. Called for one entry at most in a layer. */
  take: (content: AsyncIterable<Uint8Array>) => Promise<void>;
}

/** No image's layer is so large; a small blob that decompresses to more is an attack. */
const mostLayerBytes = 16 * 1024 ** 3;
const whiteout = ".wh.";
const opaque = ".wh..wh..opq";

/** Reads one layer to its end, so that its digest is checked. Gives the paths that it hides in lower layers, whatever they
 * hold there. Throws `OciError` code `image` when a path that is looked
 * for, or a folder above it, is anything but a plain file or folder. */
export async function searchLayer(
  source: Source,
  descriptor: Descriptor,
  sought: readonly Sought[],
): Promise<Set<string>> {
  const found = new Set<string>();
  const hidden = new Set<string>();
  const refuse = (why: string) => {
    throw new OciError("image", `layer ${descriptor.digest} of ${source.name} ${why}`, {
      remedy: "Do not use this image: build it anew, with the build action or with Docker.",
    });
  };
  for await (const entry of entriesOf(tarWithin(source, descriptor))) {
    const path = plainPath(entry.path);
    if (path === null) return refuse(`holds the path ${JSON.stringify(entry.path.slice(0, 200))}`);
    for (const file of sought.filter(({ path: wanted }) => hides(path, wanted))) {
      hidden.add(file.path);
    }
    for (const file of sought) {
      if (file.path.startsWith(`${path}/`) && entry.type !== "directory") {
        refuse(`holds ${path} as something other than a folder`);
      }
      if (file.path !== path) continue;
      if (entry.type !== "file") refuse(`holds ${path} as something other than a plain file`);
      if (found.has(path)) refuse(`holds ${path} twice`);
      await take(entry, file, refuse);
      found.add(path);
    }
  }
  return hidden;
}

async function take(entry: ReadEntry, file: Sought, refuse: (why: string) => void): Promise<void> {
  if (entry.sizeBytes > file.mostBytes) {
    refuse(`holds ${file.path} of ${entry.sizeBytes} bytes; at most ${file.mostBytes} are taken`);
  }
  await file.take(entry.content);
}

/** `./a//b/` → `a/b`; null when it climbs. */
function plainPath(path: string): string | null {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? null : parts.join("/");
}

/** Whether an entry of this path removes what lower layers have at `wanted`. */
function hides(path: string, wanted: string): boolean {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  if (!name.startsWith(whiteout)) return false;
  const folder = slash === -1 ? "" : path.slice(0, slash + 1);
  if (name === opaque) return wanted.startsWith(folder);
  const removed = `${folder}${name.slice(whiteout.length)}`;
  return wanted === removed || wanted.startsWith(`${removed}/`);
}

async function* tarWithin(source: Source, descriptor: Descriptor): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of decompressed(source, descriptor)) {
    bytes += chunk.byteLength;
    if (bytes > mostLayerBytes) {
      throw new OciError(
        "too-large",
        `layer ${descriptor.digest} of ${source.name} unpacks to more than ${mostLayerBytes} bytes`,
        {
          remedy: "Do not use this image.",
        },
      );
    }
    yield chunk;
  }
}

/** By the last words of the media type, which OCI's and Docker's share. */
const decompressors = {
  "+gzip": createGunzip,
  ".gzip": createGunzip,
  "+zstd": createZstdDecompress,
};

async function* decompressed(source: Source, descriptor: Descriptor): AsyncGenerator<Uint8Array> {
  const { mediaType } = descriptor;
  const suffix = Object.keys(decompressors).find((ending) => mediaType.endsWith(ending));
  if (suffix === undefined && mediaType !== imageMediaTypes.tar && !mediaType.endsWith(".diff.tar")) {
    throw new OciError("image", `layer ${descriptor.digest} of ${source.name} is of the type ${mediaType}`, {
      remedy: "Build the image with layers of tar, gzip or zstd.",
    });
  }
  if (suffix === undefined) return yield* source.blob(descriptor);
  const decompress = decompressors[suffix as keyof typeof decompressors]();
  const compressed = Readable.from(source.blob(descriptor), { objectMode: false });
  compressed.on("error", (error) => decompress.destroy(error));
  try {
    for await (const chunk of compressed.pipe(decompress)) yield chunk as Uint8Array;
    // What follows the compressed stream counts for the digest all the same.
    compressed.resume();
  } catch (cause) {
    if (cause instanceof OciError) throw cause;
    throw new OciError(
      "image",
      `layer ${descriptor.digest} of ${source.name} cannot be unpacked: ${(cause as Error).message}`,
      {
        cause,
        remedy: "Build the image anew.",
      },
    );
  } finally {
    compressed.destroy();
    decompress.destroy();
  }
}
