import { expect, test } from "vitest";
import { formatSummary, summaryStatement } from "./summary.ts";
import type { EvidenceCheck, Verification } from "./types.ts";

const hex = (letter: string) => letter.repeat(64);
const check = (evidence: EvidenceCheck["evidence"], changes: Partial<EvidenceCheck> = {}): EvidenceCheck => ({
  evidence,
  verdict: "pass",
  reason: "fine",
  remedy: null,
  signer: "key",
  ageMs: 1,
  bundle: `sha256:${hex("b")}`,
  ...changes,
});
const verification: Verification = {
  image: `ghcr.io/org/flights@sha256:${hex("1")}`,
  digest: `sha256:${hex("1")}`,
  policy: { name: "trust.yaml", digest: `sha256:${hex("a")}` },
  verdict: "pass",
  checks: [check("signature"), check("eval", { bundle: `sha256:${hex("e")}` }), check("scan")],
  verifiedAt: Date.UTC(2026, 10, 22, 12),
};
const facts = {
  verifier: "https://example.com/verify",
  version: { tool: "1" },
  policyUri: "file:trust.yaml",
};

test("a summary names image, policy, time and every bundle once", () => {
  expect(summaryStatement(verification, facts)).toEqual({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "ghcr.io/org/flights", digest: { sha256: hex("1") } }],
    predicateType: "https://slsa.dev/verification_summary/v1",
    predicate: {
      verifier: { id: "https://example.com/verify", version: { tool: "1" } },
      timeVerified: "2026-11-22T12:00:00.000Z",
      resourceUri: `oci://ghcr.io/org/flights@sha256:${hex("1")}`,
      policy: { uri: "file:trust.yaml", digest: { sha256: hex("a") } },
      inputAttestations: [{ digest: { sha256: hex("b") } }, { digest: { sha256: hex("e") } }],
      verificationResult: "PASSED",
      verifiedLevels: ["ML_ACTIONS_SIGNATURE", "ML_ACTIONS_EVAL", "ML_ACTIONS_SCAN"],
      slsaVersion: "1.1",
    },
  });
});

test("a summary of a failure claims no level, and has only what was believed", () => {
  const failed = check("eval", { verdict: "fail", bundle: null });
  const { predicate } = summaryStatement(
    { ...verification, verdict: "fail", checks: [check("build"), failed] },
    facts,
  );
  expect(predicate).toMatchObject({ verificationResult: "FAILED", verifiedLevels: ["FAILED"] });
  expect(predicate.inputAttestations).toEqual([{ digest: { sha256: hex("b") } }]);
});

test("the same verification gives the same bytes", () => {
  const text = () => formatSummary(summaryStatement(verification, facts));
  expect(text()).toBe(text());
  expect(text().endsWith("}\n")).toBe(true);
});
