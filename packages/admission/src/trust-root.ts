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

/** Timestamps of a trusted root can be checked where there is an authority for them. */
export function hasTimestamps(root: unknown): boolean {
  return ((root as TrustedRootJson).timestampAuthorities ?? []).length > 0;
}

/** Where Fulcio answers; it is not asked, but has to be named. */
export function fulcioUrl(sigstore: Sigstore): string {
  const root = sigstore.kind === "trusted-root" ? (sigstore.root as TrustedRootJson) : {};
  return root.certificateAuthorities?.[0]?.uri || "https://fulcio.sigstore.dev";
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
