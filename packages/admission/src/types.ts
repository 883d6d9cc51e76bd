/** What generators are given, and what they give back. */
import type { EvidenceName } from "@ml-actions/evidence/predicates";
import type { PolicyDocument } from "@ml-actions/evidence/verification";

/** Whose certificates count, where the policy trusts identities. */
export type Sigstore =
  | { kind: "public" }
  /** A trusted root as JSON, checked. */
  | { kind: "trusted-root"; root: unknown }
  /** A TUF repository of one's own with the bytes of its first root, which everything else follows from. */
  | { kind: "tuf"; mirror: string; firstRoot: Uint8Array };

export interface AdmissionRequest {
  policy: PolicyDocument;
  sigstore: Sigstore;
  /** Where images may come from, without a scheme or a slash at the end: `ghcr.io/octo-org`. At least one. */
  registries: readonly string[];
  /** true: what does not hold is told, and admitted. */
  audit: boolean;
}

export const engines = ["policy-controller", "kyverno", "gatekeeper"] as const;
export type Engine = (typeof engines)[number];

/** What `verify` checks and an engine does not, or why an engine gets nothing at all. */
export interface Unchecked {
  engine: Engine;
  /** null: it concerns all that the engine gets. */
  evidence: EvidenceName | "signature" | null;
  what: string;
}

/** A Kubernetes object as it is written to a file. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

export interface Generated {
  /** File name → objects, in the order in which they must be applied. */
  files: ReadonlyMap<string, readonly KubernetesObject[]>;
  unchecked: readonly Unchecked[];
}

/** Namespaces are opted in by policy-controller's own label: one label for all engines, and kube-system stays out. */
export const includeLabel = { "policy.sigstore.dev/include": "true" } as const;
