/** The public key that a policy names: PEM text or a path, read into one normal form. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { EvidenceError } from "../error.ts";
import { shown } from "../read-json.ts";
import { hashOf } from "../signing/key-kinds.ts";

const longestKey = 20_000;
const largestKeyBytes = 64 * 1024;

/**
 * A public key in its one normal form: PEM, SubjectPublicKeyInfo.
 *
 * @throws EvidenceError `policy`; never quotes what may be a private key
 */
export function publicKeyOf(pem: string): string {
  const refuse = (found: string, cause?: unknown) =>
    new EvidenceError(
      "policy",
      `expected a public key as PEM (-----BEGIN PUBLIC KEY-----), ${found}`,
      "Give what `cosign generate-key-pair` wrote to cosign.pub, or `openssl pkey -in key.pem -pubout`.",
      { cause },
    );
  if (pem.length > longestKey) throw refuse(`found ${pem.length} characters`);
  if (/PRIVATE KEY/.test(pem)) {
    throw refuse("found a private one: it belongs to who signs alone, and whoever read it here must not");
  }
  if (/BEGIN CERTIFICATE/.test(pem)) throw refuse("found a certificate");
  if (!/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) throw refuse("found no PEM of one");
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw refuse("found one that cannot be read", cause);
  }
  hashOf(key, "policy");
  return String(key.export({ type: "spki", format: "pem" }));
}

/**
 * @param directory where a path begins
 * @returns reads the PEM text itself, or the file at a path
 */
export function keyReader(directory: string): (textOrPath: string) => string {
  return (textOrPath) => {
    if (textOrPath.includes("-----BEGIN")) return textOrPath;
    const path = resolve(directory, textOrPath.trim());
    const refused = (why: string, cause?: unknown) =>
      new EvidenceError(
        "policy",
        `expected a public key or the path of one, found ${shown(JSON.stringify(textOrPath))}: ${why}`,
        `Looked at ${shown(path, 300)}.`,
        { cause },
      );
    try {
      const facts = statSync(path);
      if (!facts.isFile()) throw refused("it is not a file");
      if (facts.size > largestKeyBytes) throw refused(`it has ${facts.size} bytes, which is no public key`);
      return readFileSync(path, "utf8");
    } catch (cause) {
      if (cause instanceof EvidenceError) throw cause;
      const code = (cause as NodeJS.ErrnoException).code;
      throw refused(code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`, cause);
    }
  };
}
