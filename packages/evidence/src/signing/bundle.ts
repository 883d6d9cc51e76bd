/** A Sigstore bundle v0.1 to v0.3 with a statement in it, read from text that nobody has vouched for yet. */
import { type KeyObject, verify } from "node:crypto";
import { type BundleWithDsseEnvelope, bundleFromJSON } from "@sigstore/bundle";
import { dsse } from "@sigstore/core";
import { z } from "zod";
import { EvidenceError } from "../error.ts";
import { shown } from "../read-json.ts";
import { hashOf } from "./key-kinds.ts";
import type { SignedStatement } from "./types.ts";

/** https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto */
export const bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";
/** https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
export const statementMediaType = "application/vnd.in-toto+json";
/** A statement of 16 MiB in base64, and what surrounds it. */
export const largestBundleBytes = 24 * 1024 * 1024;
/** Log entries, and timestamps: sigstore-go's bounds. Comparing each with each takes the square of their number. */
const mostWitnesses = 32;
/** What GitHub's attestations hold at most. */
const mostSubjects = 1024;

const remedy =
  "Attach the evidence anew with `sign`; what is there was damaged or written by something else.";

export type DsseBundle = BundleWithDsseEnvelope;

/** @throws EvidenceError `not-a-bundle` for anything but a bundle, `payload` for a bundle of something else than a
 *   DSSE envelope of in-toto */
export function readBundle(text: string): DsseBundle {
  if (text.length > largestBundleBytes) {
    const mebibytes = Math.ceil(text.length / 1024 / 1024);
    throw new EvidenceError(
      "not-a-bundle",
      `It has ${mebibytes} MiB; a bundle of evidence has at most ${largestBundleBytes / 1024 / 1024} MiB.`,
      remedy,
    );
  }
  const bundle = parsed(text);
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const witnesses = Math.max(tlogEntries.length, timestampVerificationData?.rfc3161Timestamps.length ?? 0);
  if (witnesses > mostWitnesses) {
    throw new EvidenceError(
      "not-a-bundle",
      `It has ${witnesses} log entries or timestamps; a bundle has at most ${mostWitnesses}.`,
      remedy,
    );
  }
  if (bundle.content.$case !== "dsseEnvelope") {
    throw new EvidenceError(
      "payload",
      "The bundle signs a file, not a statement (no DSSE envelope).",
      remedy,
    );
  }
  const { payloadType } = bundle.content.dsseEnvelope;
  if (payloadType !== statementMediaType) {
    throw new EvidenceError(
      "payload",
      `The bundle signs a payload of the type ${JSON.stringify(shown(payloadType))}; expected "${statementMediaType}".`,
      remedy,
    );
  }
  return bundle as DsseBundle;
}

function parsed(text: string): ReturnType<typeof bundleFromJSON> {
  try {
    return bundleFromJSON(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof Error ? shown(cause.message, 200) : "unreadable";
    throw new EvidenceError(
      "not-a-bundle",
      text.trim() === "" ? "It is empty; expected a Sigstore bundle." : `It is no Sigstore bundle: ${why}`,
      remedy,
      { cause },
    );
  }
}

/** Whether the envelope's one signature is this key's over this payload.
 * @throws EvidenceError `key` for a kind of key that is not supported */
export function isSignedBy(bundle: DsseBundle, key: KeyObject): boolean {
  const { payload, signatures } = bundle.content.dsseEnvelope;
  const signature = signatures[0]?.sig ?? Buffer.alloc(0);
  return verify(hashOf(key, "key"), dsse.preAuthEncoding(statementMediaType, payload), key, signature);
}

const digests = z.record(z.string().max(100), z.string().max(200));
/** Any predicate; fields that we do not know are dropped, so what is read anew is signed without them. */
export const signedStatementSchema = z.object({
  _type: z.enum(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]),
  subject: z
    .array(z.object({ name: z.string().max(4096).optional(), digest: digests }))
    .min(1)
    .max(mostSubjects),
  predicateType: z.string().min(1).max(1000),
  predicate: z.unknown(),
});

/** The statement in an envelope whose signature has been found right.
 * @throws EvidenceError `payload` */
export function readSignedStatement(payload: Uint8Array): SignedStatement {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload), withoutPrototype);
  } catch (cause) {
    throw new EvidenceError("payload", "What is signed is not JSON.", remedy, { cause });
  }
  const result = signedStatementSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.join(".") || "the whole";
  throw new EvidenceError(
    "payload",
    `What is signed is no in-toto statement: ${shown(place)}: ${shown(issue?.message ?? "", 200)}`,
    remedy,
  );
}

function withoutPrototype(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("the key __proto__ is not allowed");
  return value;
}
