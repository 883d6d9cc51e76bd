/** A signature by a short-lived certificate: first the bytes, then the chain and the time, then who it was. */
import { createPublicKey } from "node:crypto";
import { X509Certificate } from "@sigstore/core";
import {
  type SignedEntity,
  toSignedEntity,
  toTrustMaterial,
  VerificationError,
  Verifier,
} from "@sigstore/verify";
import { EvidenceError } from "../error.ts";
import { shown } from "../read-json.ts";
import { type DsseBundle, isSignedBy } from "./bundle.ts";
import { identityMatches } from "./identity.ts";
import { readTrustedRoot } from "./trusted-root.ts";
import type { Signed, Trust } from "./types.ts";

/** @throws EvidenceError as `verifySigned` */
export function verifyCertificate(
  bundle: DsseBundle,
  trust: Trust & { kind: "identity" },
): Pick<Signed, "signer" | "issuer" | "signedAt"> {
  const root = readTrustedRoot(trust.trustedRoot);
  const certificate = readCertificate(bundle);
  const key = createPublicKey({ key: certificate.publicKey, format: "der", type: "spki" });
  // Before the log is asked, so that an edited statement is called that, and not "another than the log's".
  if (!isSignedBy(bundle, key)) {
    throw new EvidenceError(
      "signature",
      `The signature of ${shown(certificate.subjectAltName ?? "its certificate", 200)} is not of these bytes: the statement was edited after it was signed.`,
      "Do not trust it. Find out who wrote it, and sign the true evidence again.",
    );
  }
  const entity = readEntity(bundle);
  const verifier = new Verifier(toTrustMaterial(root), {
    timestampThreshold: 1,
    tlogThreshold: root.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
  });
  let signer: ReturnType<Verifier["verify"]>;
  try {
    signer = verifier.verify(entity);
  } catch (cause) {
    throw refusalOf(cause, certificate, trustedTimes(entity));
  }
  const found = signer.identity;
  const identity = found?.subjectAlternativeName ?? "";
  const issuer = found?.extensions?.issuer ?? "";
  requireIdentity(identity, issuer, trust);
  // The earliest: a later timestamp can be bought for an old signature, an earlier one cannot.
  return { signer: identity, issuer, signedAt: Math.min(...trustedTimes(entity)) };
}

function requireIdentity(identity: string, issuer: string, trust: Trust & { kind: "identity" }): void {
  if (!identityMatches(trust.identity, identity)) {
    throw new EvidenceError(
      "identity",
      `It is signed by ${shown(identity || "nobody", 400)}; expected ${shown(trust.identity, 400)}.`,
      "Check `identity` letter by letter; it must match the whole text. Else find out who signed this.",
    );
  }
  if (issuer !== trust.issuer) {
    throw new EvidenceError(
      "issuer",
      `${shown(issuer || "Nobody", 400)} vouches for the signer ${shown(identity, 400)}; expected ${shown(trust.issuer, 400)}.`,
      "Check `issuer`: it is compared letter by letter, with no slash more or less.",
    );
  }
}

function readCertificate(bundle: DsseBundle): X509Certificate {
  const { content } = bundle.verificationMaterial;
  const raw =
    content.$case === "certificate"
      ? content.certificate.rawBytes
      : content.$case === "x509CertificateChain"
        ? content.x509CertificateChain.certificates[0]?.rawBytes
        : undefined;
  try {
    const certificate = X509Certificate.parse(Buffer.from(raw ?? []));
    // Parsed lazily: what is not there must be found out here.
    createPublicKey({ key: certificate.publicKey, format: "der", type: "spki" });
    void certificate.notBefore;
    void certificate.notAfter;
    void certificate.subjectAltName;
    return certificate;
  } catch (cause) {
    throw new EvidenceError("certificate", "Its certificate is damaged.", "Sign the evidence again.", {
      cause,
    });
  }
}

function readEntity(bundle: DsseBundle): SignedEntity {
  try {
    const entity = toSignedEntity(bundle);
    trustedTimes(entity);
    const { signature } = entity;
    return {
      ...entity,
      // The library takes SHA-256 for every key.
      signature: {
        signature: signature.signature,
        compareSignature: (other) => signature.compareSignature(other),
        compareDigest: (digest) => signature.compareDigest(digest),
        compareSignedDigest: (digest) => signature.compareSignedDigest(digest),
        verifySignature: (key) => isSignedBy(bundle, key),
      },
    };
  } catch (cause) {
    throw new EvidenceError("time", "Its timestamp is damaged.", "Sign the evidence again.", { cause });
  }
}

/** Milliseconds since 1970; trusted once the entity has been verified. An entry without Rekor's promise (Rekor v2)
 * carries a time that nobody signed. */
function trustedTimes(entity: SignedEntity): number[] {
  return entity.timestamps.flatMap((each) => {
    if (each.$case === "timestamp-authority") return [each.timestamp.signingTime.getTime()];
    return each.tlogEntry.inclusionPromise === undefined
      ? []
      : [Number(each.tlogEntry.integratedTime) * 1000];
  });
}

function refusalOf(cause: unknown, certificate: X509Certificate, times: readonly number[]): EvidenceError {
  const why = cause instanceof Error ? shown(cause.message, 200) : "unknown";
  const code = cause instanceof VerificationError ? cause.code : "";
  const { notBefore, notAfter } = certificate;
  const outside = times.find((time) => time < notBefore.getTime() || time > notAfter.getTime());
  const options = { cause };
  if (code === "CERTIFICATE_ERROR" && outside !== undefined) {
    return new EvidenceError(
      "time",
      `It was signed at ${isoOf(outside)} with a certificate valid from ${isoOf(notBefore)} to ${isoOf(notAfter)}.`,
      "Do not trust it: the certificate was no longer, or not yet, good. Sign the evidence again.",
      options,
    );
  }
  if (code === "TIMESTAMP_ERROR" && times.length === 0) {
    return new EvidenceError(
      "time",
      "Nobody who is trusted says when it was signed: no timestamp and no promise of a log.",
      "Sign with a transparency log (Rekor v1) or a timestamp authority; a certificate lives for minutes.",
      options,
    );
  }
  if (code === "TIMESTAMP_ERROR" || code?.startsWith("TLOG_")) {
    return new EvidenceError(
      "time",
      `Its time, or its entry in the log, is not vouched for by the trusted root: ${why}.`,
      "Give the trusted root of the Sigstore that signed it (`trusted-root` or `tuf-url`).",
      options,
    );
  }
  return new EvidenceError(
    "certificate",
    `Its certificate is from no authority of the trusted root: ${why}.`,
    "Give the trusted root of the Sigstore that signed it (`trusted-root` or `tuf-url`).",
    options,
  );
}

const isoOf = (time: number | Date): string => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "an impossible date" : date.toISOString();
};
