/** The kinds of key that sign evidence, and what each means: the hash that goes with it, and its name. */
import { createHash, type KeyObject } from "node:crypto";
import { EvidenceError, type EvidenceErrorCode } from "../error.ts";

/** Sigstore's algorithm registry: P-256 with SHA-256, P-384 with SHA-384, RSA PKCS#1 v1.5 with SHA-256, pure Ed25519.
 * https://github.com/sigstore/architecture-docs/blob/main/algorithm-registry.md */
const curveHashes: Readonly<Record<string, string>> = { prime256v1: "sha256", secp384r1: "sha384" };
const supported = "an EC key on P-256 or P-384, an RSA key of 2048 to 4096 bits, or an Ed25519 key";
const rsaBits = { least: 2048, most: 4096 };

/** @returns the hash to sign with; null for Ed25519, which has its own.
 * @throws EvidenceError with `code` for any other kind of key */
export function hashOf(key: KeyObject, code: EvidenceErrorCode): string | null {
  const type = key.asymmetricKeyType;
  const { namedCurve = "unknown", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (type === "ed25519") return null;
  if (type === "ec") {
    const hash = curveHashes[namedCurve];
    if (hash !== undefined) return hash;
  }
  if (type === "rsa" && modulusLength >= rsaBits.least && modulusLength <= rsaBits.most) return "sha256";
  const actual =
    type === "ec" ? `EC on ${namedCurve}` : type === "rsa" ? `RSA of ${modulusLength} bits` : type;
  throw new EvidenceError(
    code,
    `The key is ${actual}; expected ${supported}.`,
    "Make a key with `cosign generate-key-pair`.",
  );
}

/** SHA-256 of the public half (SubjectPublicKeyInfo, DER): what cosign puts into a bundle as the key's hint. */
export function keyFingerprint(publicKey: KeyObject): Buffer {
  return createHash("sha256")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest();
}

/** `key sha256:<12 hex>…`: enough to tell keys apart in a table. */
export function keyName(fingerprint: Buffer): string {
  return `key sha256:${fingerprint.toString("hex").slice(0, 12)}…`;
}
