/**
 * What came of a verification, as a statement of its own, so that whoever comes later can believe one signature instead
 * of checking everything again.
 *
 * Verification summary v1, SLSA 1.1: https://slsa.dev/spec/v1.1/verification_summary
 */
import { canonicalJson } from "../configuration.ts";
import { isoTime } from "../metrics-file.ts";
import { verificationSummaryType } from "../predicates.ts";
import { statementType } from "../statement.ts";
import type { EvidenceCheck, Verification } from "./types.ts";

export interface SummaryFacts {
  /** Who verified: a URI. */
  verifier: string;
  /** `{"ml-actions": "0.1.0"}`. */
  version: Readonly<Record<string, string>>;
  /** Where the policy can be read. */
  policyUri: string;
}

export interface SummaryStatement {
  _type: typeof statementType;
  subject: { name: string; digest: { sha256: string } }[];
  predicateType: typeof verificationSummaryType;
  predicate: {
    verifier: { id: string; version: Readonly<Record<string, string>> };
    timeVerified: string;
    resourceUri: string;
    policy: { uri: string; digest: { sha256: string } };
    inputAttestations: { digest: { sha256: string } }[];
    verificationResult: "PASSED" | "FAILED";
    verifiedLevels: string[];
    slsaVersion: "1.1";
  };
}

/** The bundles are those that the checks rest on; one that several rest on is named once. */
export function summaryStatement(
  verification: Verification,
  { verifier, version, policyUri }: SummaryFacts,
): SummaryStatement {
  const { image, digest, policy, verdict, checks, verifiedAt } = verification;
  const bundles = [...new Set(checks.flatMap(({ bundle }) => bundle ?? []))];
  return {
    _type: statementType,
    subject: [{ name: image.split("@")[0] ?? image, digest: { sha256: hexOf(digest) } }],
    predicateType: verificationSummaryType,
    predicate: {
      verifier: { id: verifier, version },
      timeVerified: isoTime(verifiedAt),
      resourceUri: resourceUri(image),
      policy: { uri: policyUri, digest: { sha256: hexOf(policy.digest) } },
      inputAttestations: bundles.map((bundle) => ({ digest: { sha256: hexOf(bundle) } })),
      verificationResult: verdict === "pass" ? "PASSED" : "FAILED",
      verifiedLevels: verdict === "pass" ? checks.flatMap(levelsOf) : ["FAILED"],
      slsaVersion: "1.1",
    },
  };
}

/** Canonical JSON (RFC 8785) with a newline. */
export function formatSummary(statement: SummaryStatement): string {
  return `${canonicalJson(statement)}\n`;
}

/** Levels of our own, which must not begin with `SLSA_`; and of SLSA's the one that is shown: build level 1 asks for
 * provenance that exists. Level 2 asks who runs the builder, which nothing here looks at. */
function levelsOf({ evidence }: EvidenceCheck): string[] {
  const own = `ML_ACTIONS_${evidence.toUpperCase()}`;
  return evidence === "build" ? ["SLSA_BUILD_LEVEL_1", own] : [own];
}

/** A registry's image as a package URL would have it is no plain URI; `oci://` is what Helm and others write. */
function resourceUri(image: string): string {
  return image.startsWith("oci:") ? image : `oci://${image}`;
}

const hexOf = (digest: string) => digest.replace(/^sha256:/, "");
