/**
 * Signs without a key of one's own: Fulcio certifies a key that lives in this process for minutes as this workflow's,
 * and Rekor or a timestamp authority vouches for the time. One certificate serves all statements of a run.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { bundleToJSON } from "@sigstore/bundle";
import { dsse, X509Certificate } from "@sigstore/core";
import { HashAlgorithm } from "@sigstore/protobuf-specs";
import {
  DSSEBundleBuilder,
  FulcioSigner,
  InternalError,
  RekorWitness,
  type Signature,
  TSAWitness,
  type Witness,
} from "@sigstore/sign";
import { EvidenceError } from "../error.ts";
import { shown } from "../read-json.ts";
import { statementMediaType } from "./bundle.ts";
import type { SigningServices } from "./services.ts";
import type { EvidenceSigner, Trust } from "./types.ts";

export interface KeylessOptions {
  /** An OIDC token for the audience `sigstore`; asked for once a certificate. */
  token: () => Promise<string>;
  services: SigningServices;
  /** JSON of the TrustedRoot of these services. */
  trustedRoot: unknown;
}

interface Certified {
  privateKey: KeyObject;
  /** PEM. */
  certificate: string;
  /** Milliseconds since 1970. */
  notAfter: number;
  trust: Trust & { kind: "identity" };
}

/** Fulcio's certificates live ten minutes; none is used that could expire before the log has seen the signature. */
const spareMs = 120_000;
/** Rekor 2 answers when the entry is in the log, which it promises within this time. */
const timeouts = { shortMs: 10_000, rekor2Ms: 30_000 };
const retry = { retries: 2 };
/** Fulcio's extensions: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md */
const issuerExtension = { now: "1.3.6.1.4.1.57264.1.8", deprecated: "1.3.6.1.4.1.57264.1.1" };

/**
 * Asks for the first certificate at once, so that what cannot sign is known before anything is done.
 *
 * @throws EvidenceError `token` for no token or one that cannot be read, `signing` when Fulcio refuses
 */
export async function keylessSigner(options: KeylessOptions): Promise<EvidenceSigner> {
  let certified = await certify(options);
  const { trust } = certified;
  const witnesses = witnessesOf(options.services);
  return {
    description: trust.identity,
    trust,
    async sign(statement) {
      if (Date.now() > certified.notAfter - spareMs) certified = await certify(options);
      const { privateKey, certificate } = certified;
      const signer = {
        sign: async (data: Buffer): Promise<Signature> => ({
          signature: sign("sha256", data, privateKey),
          key: { $case: "x509Certificate", certificate },
        }),
      };
      const builder = new DSSEBundleBuilder({ signer, witnesses });
      try {
        const artifact = { data: Buffer.from(statement), type: statementMediaType };
        return JSON.stringify(bundleToJSON(await builder.create(artifact)));
      } catch (cause) {
        throw refused(cause, options.services);
      }
    },
  };
}

function witnessesOf({ rekor, tsaUrl }: SigningServices): Witness[] {
  const witnesses: Witness[] = [];
  if (rekor !== null) {
    const timeout = rekor.version === 2 ? timeouts.rekor2Ms : timeouts.shortMs;
    const witness = new RekorWitness({
      rekorBaseURL: rekor.url,
      majorApiVersion: rekor.version,
      retry,
      timeout,
    });
    witnesses.push(rekor.version === 2 ? asHashedRekord(witness) : witness);
  }
  if (tsaUrl !== null)
    witnesses.push(new TSAWitness({ tsaBaseURL: tsaUrl, retry, timeout: timeouts.shortMs }));
  return witnesses;
}

/** Rekor 2 keeps what sigstore-go, and so cosign v3.1, reads: an entry of the hash that was signed. @sigstore/sign would
 * make one of the kind `dsse`, which cosign refuses; `hashedrekord` is what it makes for a file's signature. */
function asHashedRekord(rekor: Witness): Witness {
  return {
    testify: (content, publicKey) => {
      if (content.$case !== "dsseEnvelope") return rekor.testify(content, publicKey);
      const { payloadType, payload, signatures } = content.dsseEnvelope;
      const signed = dsse.preAuthEncoding(payloadType, payload);
      const digest = createHash("sha256").update(signed).digest();
      const messageSignature = {
        messageDigest: { algorithm: HashAlgorithm.SHA2_256, digest },
        signature: signatures[0]?.sig ?? Buffer.alloc(0),
      };
      return rekor.testify({ $case: "messageSignature", messageSignature }, publicKey);
    },
  };
}

async function certify({ token, services, trustedRoot }: KeylessOptions): Promise<Certified> {
  const identityToken = readableToken(await token());
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keyHolder = {
    sign: async (data: Buffer): Promise<Signature> => ({
      signature: sign("sha256", data, privateKey),
      key: { $case: "publicKey", publicKey: publicKey.export({ format: "pem", type: "spki" }).toString() },
    }),
  };
  const fulcio = new FulcioSigner({
    fulcioBaseURL: services.fulcioUrl,
    identityProvider: { getToken: async () => identityToken },
    keyHolder,
    retry,
    timeout: timeouts.shortMs,
  });
  try {
    // It signs what it is given once it has the certificate; only the certificate is wanted.
    const { key } = await fulcio.sign(Buffer.alloc(0));
    if (key.$case !== "x509Certificate") throw new Error("Fulcio gave no certificate");
    const parsed = X509Certificate.parse(key.certificate);
    const identity = parsed.subjectAltName ?? "";
    return {
      privateKey,
      certificate: key.certificate,
      notAfter: parsed.notAfter.getTime(),
      trust: { kind: "identity", identity, issuer: issuerOf(parsed), trustedRoot },
    };
  } catch (cause) {
    throw refused(cause, services);
  }
}

function issuerOf(certificate: X509Certificate): string {
  const extension = certificate.extension(issuerExtension.now);
  if (extension !== undefined) return extension.valueObj.subs[0]?.value.toString("utf8") ?? "";
  return certificate.extension(issuerExtension.deprecated)?.value.toString("utf8") ?? "";
}

/** Read here before @sigstore/sign does: its error for a token that it cannot read holds the token. */
function readableToken(token: string): string {
  try {
    const [, claims = ""] = token.split(".");
    const { sub, email } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Record<
      string,
      unknown
    >;
    if (typeof sub === "string" || typeof email === "string") return token;
  } catch {
    // Told below, without the cause: JSON.parse quotes what it read.
  }
  throw unreadableToken();
}

function unreadableToken(): EvidenceError {
  return new EvidenceError(
    "token",
    "The OIDC token cannot be read: it is no JSON Web Token with a subject, or an e-mail that nobody verified.",
    "Give the job `permissions: id-token: write`, and use the runner's own token service.",
  );
}

function refused(cause: unknown, { fulcioUrl, rekor, tsaUrl }: SigningServices): EvidenceError {
  const code = cause instanceof InternalError ? cause.code : "";
  // Its message holds the token, so neither message nor cause goes on.
  if (code.startsWith("IDENTITY_TOKEN_")) return unreadableToken();
  const [who, url] = code.startsWith("TLOG_")
    ? ["Rekor", rekor?.url]
    : code.startsWith("TSA_")
      ? ["The timestamp authority", tsaUrl]
      : ["Fulcio", fulcioUrl];
  const said = cause instanceof Error ? shown(cause.message, 300) : "nothing";
  const below =
    cause instanceof Error && cause.cause instanceof Error ? `: ${shown(cause.cause.message, 300)}` : "";
  return new EvidenceError(
    "signing",
    `${who} (${shown(url ?? "", 300)}) did not sign: ${said}${below}`,
    "Run it again if the service was down; else check that it accepts this workflow's tokens.",
    { cause },
  );
}
