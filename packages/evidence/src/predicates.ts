/** The kinds of evidence about an image and the predicate type that each stands in. One record: signing, verification,
 * policies and admission derive from it. Drift is none of them: its evidence is about data of some day. */

export const evidenceNames = ["build", "eval", "scan", "shadow", "canary"] as const;
export type EvidenceName = (typeof evidenceNames)[number];

/** Kinds that share a predicate type are told apart by the `kind` in the figures field. */
export const predicateTypes: Readonly<Record<EvidenceName, string>> = {
  /** https://slsa.dev/spec/v1.1/provenance */
  build: "https://slsa.dev/provenance/v1",
  eval: "https://in-toto.io/attestation/test-result/v0.1",
  /** https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md */
  scan: "https://in-toto.io/attestation/vulns/v0.2",
  shadow: "https://in-toto.io/attestation/test-result/v0.1",
  canary: "https://in-toto.io/attestation/test-result/v0.1",
};

/** What cosign v3 signs an image with: a statement with an empty predicate (cosign, `pkg/types/predicate.go`). */
export const imageSignatureType = "https://sigstore.dev/cosign/sign/v1";
/** https://slsa.dev/spec/v1.1/verification_summary */
export const verificationSummaryType = "https://slsa.dev/verification_summary/v1";
/** https://cyclonedx.org/bom, as cosign names it. */
export const sbomType = "https://cyclonedx.org/bom";
