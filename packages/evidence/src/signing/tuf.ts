/** The trusted root and signing configuration of a Sigstore, from its TUF repository: kept fresh, and signed by keys
 * whose first set is known beforehand. */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_MIRROR_URL, initTUF, TUFError } from "@sigstore/tuf";
import { EvidenceError } from "../error.ts";
import { parseJson, shown } from "../read-json.ts";
import { readTrustedRoot } from "./trusted-root.ts";

export interface TufContent {
  /** JSON of the TrustedRoot. */
  trustedRoot: unknown;
  /** JSON of the SigningConfig v0.2; null where the repository has none. */
  signingConfig: unknown;
}

const timeoutMs = 15_000;
const largestRootBytes = 512 * 1024;

/**
 * @param tufUrl a repository; left out, that of public Sigstore. A repository of one's own names the SHA-256 of its
 *   first root: `https://tuf.example.com#sha256:<hex>` (of `1.root.json`), as `cosign initialize --root-checksum` does
 * @throws EvidenceError `trusted-root`
 */
export async function trustFromTuf(tufUrl: string = DEFAULT_MIRROR_URL): Promise<TufContent> {
  const [mirror = "", checksum] = tufUrl.split("#");
  const mirrorURL = mirror.replace(/\/+$/, "");
  // Fresh each time: a cache that another job wrote would be one more thing to believe.
  const cachePath = await mkdtemp(join(tmpdir(), "ml-actions-tuf-"));
  try {
    const root = checksum === undefined ? {} : { rootPath: await firstRoot(mirrorURL, checksum, cachePath) };
    const tuf = await initTUF({ mirrorURL, cachePath, ...root, timeout: timeoutMs, retry: { retries: 2 } });
    const target = async (name: string): Promise<unknown> =>
      parseJson(await tuf.getTarget(name), {
        place: `${mirrorURL}: ${name}`,
        expected: "a target of Sigstore",
        remedy: "Check the repository.",
      });
    const trustedRoot = await target("trusted_root.json");
    readTrustedRoot(trustedRoot);
    const signingConfig = await target("signing_config.v0.2.json").catch((error: unknown) => {
      if (error instanceof TUFError && error.code === "TUF_FIND_TARGET_ERROR") return null;
      throw error;
    });
    return { trustedRoot, signingConfig };
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    throw unreachable(mirrorURL, cause);
  } finally {
    await rm(cachePath, { recursive: true, force: true });
  }
}

async function firstRoot(mirrorURL: string, checksum: string, directory: string): Promise<string> {
  const expected = /^sha256:([0-9a-f]{64})$/.exec(checksum)?.[1];
  if (expected === undefined) {
    throw new EvidenceError(
      "trusted-root",
      `${shown(mirrorURL)} is followed by "#${shown(checksum)}"; expected "#sha256:" and 64 hexadecimal digits.`,
      "Write the SHA-256 of the repository's 1.root.json, as its operator tells it.",
    );
  }
  const url = `${mirrorURL}/1.root.json`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  const bytes = Buffer.from(response.ok ? await response.arrayBuffer() : new ArrayBuffer(0));
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (!response.ok || bytes.byteLength > largestRootBytes) {
    throw new EvidenceError(
      "trusted-root",
      `${shown(url, 300)}: ${response.status}, ${bytes.byteLength} bytes; expected the repository's first root.`,
      "Check `tuf-url`.",
    );
  }
  if (actual !== expected) {
    throw new EvidenceError(
      "trusted-root",
      `${shown(url, 300)} has sha256:${actual}; expected sha256:${expected}.`,
      "Do not trust it before its operator has confirmed the checksum.",
    );
  }
  const path = join(directory, "first-root.json");
  await writeFile(path, bytes);
  return path;
}

function unreachable(mirrorURL: string, cause: unknown): EvidenceError {
  const why = cause instanceof Error ? shown(cause.message, 300) : "unknown";
  if (why.startsWith("No root.json found")) {
    return new EvidenceError(
      "trusted-root",
      `The first root of ${shown(mirrorURL, 300)} is not known here.`,
      `Write \`tuf-url: ${shown(mirrorURL, 300)}#sha256:<SHA-256 of its 1.root.json>\`, or give \`trusted-root\`.`,
      { cause },
    );
  }
  return new EvidenceError(
    "trusted-root",
    `The TUF repository ${shown(mirrorURL, 300)} cannot be used: ${why}.`,
    "Check that the runner reaches it; or give the trusted root as a file (`trusted-root`).",
    { cause },
  );
}
