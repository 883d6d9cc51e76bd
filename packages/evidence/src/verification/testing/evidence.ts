/** Good evidence of each kind, to be made worse in one respect. */
import type { VerdictName } from "@ml-actions/gates/types";
import { testResult, verdict } from "../../example.ts";
import { buildTypes, provenanceStatement } from "../../provenance.ts";
import { type TestResultInput, testResultStatement } from "../../statement.ts";
import { type VulnerabilitiesInput, vulnerabilitiesStatement } from "../../vulnerabilities.ts";
import { noon } from "./image.ts";

const subject = { name: "flights", digest: `sha256:${"9".repeat(64)}` };
const minuteMs = 60_000;

export function evalOf(changes: Partial<TestResultInput> = {}, finishedAt = noon - minuteMs) {
  return testResultStatement(testResult({ subject, startedAt: finishedAt, finishedAt, ...changes }));
}

export function evalThat(result: VerdictName, finishedAt = noon - minuteMs) {
  return evalOf({ verdicts: [verdict({ verdict: result, reason: `it came to ${result}` })] }, finishedAt);
}

export function buildOf(
  builder = "https://github.com/org/flights/.github/workflows/deliver.yml",
  finishedAt = noon - minuteMs,
) {
  return provenanceStatement({
    subject,
    buildType: buildTypes.append,
    inputs: { model: "flights.onnx" },
    workflow: null,
    dependencies: [],
    builder: { id: builder, version: {} },
    invocation: null,
    startedAt: finishedAt,
    finishedAt,
  });
}

export function scanOf(changes: Partial<VulnerabilitiesInput> = {}, finishedAt = noon - minuteMs) {
  return vulnerabilitiesStatement({
    subject,
    verdict: "pass",
    policy: { severity: ["CRITICAL"], ignoreUnfixed: false, maxDbAgeMs: 48 * 3_600_000, ignored: [] },
    findings: [],
    platforms: [{ platform: "linux/amd64", digest: subject.digest, os: "debian 13.1", packages: 12 }],
    doubts: [],
    scanner: {
      uri: "pkg:github/aquasecurity/trivy@0.69.3",
      version: "0.69.3",
      digest: `sha256:${"e".repeat(64)}`,
      database: { uri: "ghcr.io/aquasecurity/trivy-db:2", version: "2", updatedAt: finishedAt - 3_600_000 },
    },
    tool: "ml-actions 0.1.0",
    startedAt: finishedAt,
    finishedAt,
    runUrl: null,
    ...changes,
  });
}
