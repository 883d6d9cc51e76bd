/** A scanner from a mirror: fetched once, kept by its checksum, checked again at every use. */
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, copyFile, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { fileDigestIfThere } from "@ml-actions/oci/digest";
import { download } from "@ml-actions/oci/download";
import { entriesOf } from "@ml-actions/oci/image/tar-reader";
import { ScanError, shown } from "./errors.ts";

/** Trivy's archive has 50 MB, its program 160 MB. */
const mostBytes = 1024 * 1024 * 1024;

/**
 * Gives the program, unpacked into `directory`. What was fetched stays in RUNNER_TOOL_CACHE as it came, so that the
 * checksum of the next run is over the same bytes as the first one's.
 */
export async function fetchScanner(
  { url, sha256 }: { url: URL; sha256: string },
  directory: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const cache = environment.RUNNER_TOOL_CACHE || join(environment.RUNNER_TEMP || tmpdir(), "tool-cache");
  const kept = join(cache, "ml-actions-scanner", sha256);
  const digest = `sha256:${sha256}`;
  if ((await fileDigestIfThere(kept)) !== digest)
    await download(url, {}, kept, { digest, maxBytes: mostBytes });
  const program = join(directory, "trivy");
  if (await isGzip(kept)) await unpack(kept, program, url);
  else await copyFile(kept, program);
  await chmod(program, 0o700);
  return program;
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** The file `trivy` of the archive, to a path that the archive has no say in. */
async function unpack(archive: string, program: string, url: URL): Promise<void> {
  let found = false;
  try {
    await pipeline(createReadStream(archive), createGunzip(), async (bytes: AsyncIterable<Uint8Array>) => {
      for await (const { path, type, sizeBytes, content } of entriesOf(bytes)) {
        if (found || type !== "file" || path.replace(/^\.\//, "") !== "trivy" || sizeBytes > mostBytes)
          continue;
        await pipeline(content, createWriteStream(program, { flags: "wx" }));
        found = true;
      }
    });
  } catch (cause) {
    throw notTrivy(`${shown(url.href)} is no .tar.gz that can be read: ${(cause as Error).message}`, cause);
  }
  if (!found) throw notTrivy(`the archive at ${shown(url.href)} holds no file \`trivy\``);
}

function notTrivy(message: string, cause?: unknown): ScanError {
  return new ScanError(
    "scanner",
    message,
    "Give the address of Trivy's release archive, or of its program.",
    {
      cause,
    },
  );
}
