/** What the real Rekor and timestamp authority make of a request, where @sigstore/mock keeps it as it came. */
import { createHash } from "node:crypto";
import type { initializeTLog } from "@sigstore/mock";
import { TransparencyLogEntry } from "@sigstore/protobuf-specs";
import { CreateEntryRequest } from "@sigstore/protobuf-specs/rekor/v2";

type Log = Awaited<ReturnType<typeof initializeTLog>>;

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest();
const hash = (bytes: Uint8Array | string) => ({ algorithm: "sha256", value: sha256(bytes).toString("hex") });

/** cosign sends its token as the bearer, @sigstore/sign in the body; Fulcio takes both. */
export function certificateRequest(body: Buffer, authorization: string | undefined): string {
  const request = JSON.parse(body.toString()) as Record<string, unknown>;
  const oidcIdentityToken = authorization?.replace(/^Bearer /, "");
  return JSON.stringify({ credentials: { oidcIdentityToken }, ...request });
}

interface ProposedEntry {
  kind: string;
  apiVersion: string;
  spec: { proposedContent?: { envelope: string; verifiers: string[] } };
}

/** Rekor v1 keeps hashes, signature and verifier of a proposed `dsse` entry, not the envelope.
 * https://github.com/sigstore/rekor/blob/main/pkg/types/dsse/v0.0.1/entry.go (Canonicalize) */
export function canonicalDsseEntry(proposed: ProposedEntry): object {
  const content = proposed.spec.proposedContent;
  if (proposed.kind !== "dsse" || content === undefined) return proposed;
  const envelope = JSON.parse(content.envelope) as { payload: string; signatures: { sig: string }[] };
  return {
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: {
      envelopeHash: hash(content.envelope),
      payloadHash: hash(Buffer.from(envelope.payload, "base64")),
      signatures: envelope.signatures.map(({ sig }, at) => ({
        signature: sig,
        verifier: content.verifiers[at],
      })),
    },
  };
}

/** Rekor v2's canonical `hashedrekord` entry, in a log of this one entry. It carries no time. sigstore-go reads no other
 * kind of Rekor v2. https://github.com/sigstore/rekor-tiles/blob/main/pkg/types/hashedrekord/hashedrekord.go */
export async function logEntryV2(log: Log, body: unknown): Promise<unknown> {
  const { spec } = CreateEntryRequest.fromJSON(body);
  if (spec?.$case !== "hashedRekordRequestV002") throw new Error("only hashedrekord entries are logged here");
  const { digest, signature } = spec.hashedRekordRequestV002;
  const verifier = signature?.verifier?.verifier;
  if (signature === undefined || verifier?.$case !== "x509Certificate") throw new Error("no certificate");
  const rawBytes = verifier.x509Certificate.rawBytes.toString("base64");
  const entry = {
    apiVersion: "0.0.2",
    kind: "hashedrekord",
    spec: {
      hashedRekordV002: {
        data: { algorithm: "SHA2_256", digest: digest.toString("base64") },
        signature: {
          content: signature.content.toString("base64"),
          verifier: { x509Certificate: { rawBytes }, keyDetails: "PKIX_ECDSA_P256_SHA_256" },
        },
      },
    },
  };
  const logged = await log.logV2(entry as unknown as CreateEntryRequest);
  const proof = logged.inclusionProof;
  if (proof === undefined) throw new Error("the mock's log gives a proof");
  const leaf = Buffer.concat([Buffer.from([0]), logged.canonicalizedBody]);
  return TransparencyLogEntry.toJSON({
    ...logged,
    kindVersion: { kind: entry.kind, version: entry.apiVersion },
    logIndex: "0",
    integratedTime: "0",
    inclusionProof: { ...proof, logIndex: "0", treeSize: "1", rootHash: sha256(leaf) },
  });
}

/** RFC 3161's binary request as the JSON that the mock reads. The hash and nonce are found by their ASN.1 tags:
 * SEQUENCE { INTEGER 1, SEQUENCE { AlgorithmIdentifier, OCTET STRING hash }, …, INTEGER nonce, BOOLEAN certReq }. */
export function timestampRequestJson(der: Buffer): string {
  const [request] = readAll(der);
  const fields = readAll(request?.content ?? Buffer.alloc(0));
  const imprint = readAll(fields[1]?.content ?? Buffer.alloc(0));
  const digest = imprint[1]?.content ?? Buffer.alloc(0);
  const nonce = fields.slice(2).find(({ tag }) => tag === 0x02)?.content;
  const certificates = fields.some(({ tag }) => tag === 0x01);
  return JSON.stringify({
    artifactHash: digest.toString("base64"),
    hashAlgorithm: { 32: "sha256", 48: "sha384", 64: "sha512" }[digest.length] ?? "unknown",
    ...(nonce !== undefined && { nonce: nonce.toString("hex") }),
    certificates,
  });
}

/** The mock's clock has milliseconds, DER drops their trailing zeros, and @sigstore/core then reads no time (it takes three
 * digits or none): one timestamp of ten. Sigstore's own authority gives whole seconds. */
export function hasReadableTime(response: string | ArrayBufferView): boolean {
  if (typeof response === "string") return false;
  const text = Buffer.from(response.buffer, response.byteOffset, response.byteLength).toString("latin1");
  return /\d{14}(\.\d{3})?Z/.test(text);
}

function readAll(bytes: Buffer): { tag: number; content: Buffer }[] {
  const items = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const first = bytes.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    const start = at + 2 + lengthBytes;
    items.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return items;
}
