/** A Sigstore of one's own as policy-controller's TrustRoot (policy.sigstore.dev/v1alpha1). */
import type { KubernetesObject, Sigstore } from "./types.ts";

export const trustRootName = "ml-actions";

interface Authority {
  subject?: { organization?: string; commonName?: string };
  uri?: string;
  certChain?: { certificates?: { rawBytes?: string }[] };
}

interface Log {
  baseUrl?: string;
  publicKey?: { rawBytes?: string };
}

/** The parts of Sigstore's TrustedRoot that a TrustRoot holds; it was checked when it was read. */
interface TrustedRootJson {
  certificateAuthorities?: Authority[];
  tlogs?: Log[];
  ctlogs?: Log[];
  timestampAuthorities?: Authority[];
}

/** What the verifier may rest on in this Sigstore. */
export interface TrustFacts {
  hasLog: boolean;
  hasTimestamps: boolean;
  hasCertificateLog: boolean;
  /** Of Fulcio. */
  fulcioUrl: string;
}

/** null for the public one, which policy-controller brings along. */
export function trustRoot(sigstore: Sigstore): KubernetesObject | null {
  if (sigstore.kind === "public") return null;
  const object = (spec: object) => ({
    apiVersion: "policy.sigstore.dev/v1alpha1",
    kind: "TrustRoot",
    metadata: { name: trustRootName },
    spec,
  });
  if (sigstore.kind === "tuf") {
    const root = Buffer.from(sigstore.firstRoot).toString("base64");
    return object({ remote: { root, mirror: sigstore.mirror } });
  }
  const { certificateAuthorities, tlogs, ctlogs, timestampAuthorities } = sigstore.root as TrustedRootJson;
  const keys = {
    certificateAuthorities: (certificateAuthorities ?? []).map(authority),
    tLogs: (tlogs ?? []).map(log),
    ctLogs: (ctlogs ?? []).map(log),
    timestampAuthorities: (timestampAuthorities ?? []).map(authority),
  };
  const present = Object.entries(keys).filter(([, list]) => list.length > 0);
  return object({ sigstoreKeys: Object.fromEntries(present) });
}

export function trustFacts(sigstore: Sigstore): TrustFacts {
  if (sigstore.kind !== "trusted-root") {
    return {
      hasLog: true,
      hasTimestamps: true,
      hasCertificateLog: true,
      fulcioUrl: "https://fulcio.sigstore.dev",
    };
  }
  const { certificateAuthorities, tlogs, ctlogs, timestampAuthorities } = sigstore.root as TrustedRootJson;
  return {
    hasLog: (tlogs ?? []).length > 0,
    hasTimestamps: (timestampAuthorities ?? []).length > 0,
    hasCertificateLog: (ctlogs ?? []).length > 0,
    fulcioUrl: certificateAuthorities?.[0]?.uri ?? "https://fulcio.invalid",
  };
}

function authority({ subject, uri, certChain }: Authority): object {
  const chain = (certChain?.certificates ?? []).map(({ rawBytes }) => pem("CERTIFICATE", rawBytes)).join("");
  return {
    subject: { organization: subject?.organization ?? "", commonName: subject?.commonName ?? "" },
    uri: uri ?? "",
    certChain: Buffer.from(chain).toString("base64"),
  };
}

function log({ baseUrl, publicKey }: Log): object {
  return {
    baseURL: baseUrl ?? "",
    hashAlgorithm: "sha-256",
    publicKey: Buffer.from(pem("PUBLIC KEY", publicKey?.rawBytes)).toString("base64"),
  };
}

function pem(label: string, base64 = ""): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
