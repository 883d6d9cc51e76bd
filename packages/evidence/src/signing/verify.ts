/**
 * Verifies one bundle: who signed these bytes, and when. What is asked for is explicit.
 *
 * - A key: the signature alone. A key's keeper needs no log, so log entries and timestamps are not looked at and
 *   `signedAt` is null.
 * - An identity: a certificate from an authority of the trusted root, at least one trusted time (Rekor's promise or an
 *   RFC 3161 timestamp) at which the certificate was valid, an entry in a transparency log if the root names any, and
 *   a certificate timestamp if it names logs for these.
 */

import { createPublicKey, type KeyObject } from "node:crypto";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { EvidenceError } from "../error.ts";
import { type DsseBundle, isSignedBy, readBundle, readSignedStatement } from "./bundle.ts";
import { keyFingerprint, keyName } from "./key-kinds.ts";
import type { Signed, Trust } from "./types.ts";

const remedies = {
  edited: "Do not trust it. Find out who wrote it, and sign the true evidence again.",
};

type Signer = Pick<Signed, "signer" | "issuer" | "signedAt">;

/**
 * @param bundleText JSON of a Sigstore bundle, from anywhere
 * @throws EvidenceError `not-a-bundle`, `signature`, `key`, `certificate`, `identity`, `issuer`, `time`, `payload`;
 *   `trusted-root` when what is trusted cannot be read
 */
export async function verifySigned(bundleText: string, trust: Trust): Promise<Signed> {
  const bundle = readBundle(bundleText);
  const signer =
    trust.kind === "key" ? verifyKey(bundle, trust.publicKey) : await verifyIdentity(bundle, trust);
  const { payload } = bundle.content.dsseEnvelope;
  return {
    digest: digestOfBytes(bundleText),
    statementDigest: digestOfBytes(payload),
    statement: readSignedStatement(payload),
    ...signer,
  };
}

function verifyKey(bundle: DsseBundle, publicKey: string): Signer {
  const { content } = bundle.verificationMaterial;
  const key = readPublicKey(publicKey);
  const fingerprint = keyFingerprint(key);
  const expected = keyName(fingerprint);
  if (content.$case !== "publicKey") {
    throw new EvidenceError(
      "key",
      `It is signed with a certificate; expected a signature of ${expected}.`,
      "Give `identity` and `issuer` instead of `key`, or sign with the key.",
    );
  }
  if (!isSignedBy(bundle, key)) {
    // The hint is nobody's word, so it only chooses which message explains the failure.
    const { hint } = content.publicKey;
    if (hint === fingerprint.toString("base64")) {
      throw new EvidenceError(
        "signature",
        `The signature of ${expected} is not of these bytes: the statement was edited after it was signed.`,
        key.asymmetricKeyType === "ed25519"
          ? `${remedies.edited} (With Ed25519 keys cosign signs in a form, Ed25519ph, that its own verify does not read either.)`
          : remedies.edited,
      );
    }
    const named = Buffer.from(hint, "base64");
    const other = named.length === fingerprint.length ? keyName(named) : "another key";
    throw new EvidenceError(
      "key",
      `It is signed with ${other}; expected ${expected}.`,
      "Give the public half of the key that signs, or sign with the key that is trusted.",
    );
  }
  return { signer: expected, issuer: null, signedAt: null };
}

async function verifyIdentity(bundle: DsseBundle, trust: Trust & { kind: "identity" }): Promise<Signer> {
  if (bundle.verificationMaterial.content.$case === "publicKey") {
    throw new EvidenceError(
      "certificate",
      `It is signed with a key; expected a certificate of ${trust.identity}.`,
      "Give `key` instead of `identity` and `issuer`, or sign without a key.",
    );
  }
  const { verifyCertificate } = await import("./verify-certificate.ts");
  return verifyCertificate(bundle, trust);
}

function readPublicKey(pem: string): KeyObject {
  const remedy =
    "Give the public half, from `-----BEGIN PUBLIC KEY-----` to the end (`cosign public-key --key …`).";
  // Node would take a private key or a certificate, too, and use the public half of it.
  const label = /^\s*-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1] ?? "no PEM";
  if (label !== "PUBLIC KEY" && label !== "RSA PUBLIC KEY") {
    throw new EvidenceError("key", `The key to verify with is ${label}; expected PUBLIC KEY.`, remedy);
  }
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new EvidenceError("key", "The key to verify with is damaged.", remedy, { cause });
  }
}
