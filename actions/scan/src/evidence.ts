/** The scan as evidence. */
import {
  type VulnerabilitiesStatement,
  vulnerabilitiesStatement,
} from "@ml-actions/evidence/vulnerabilities";
import type { ScanPolicy } from "@ml-actions/evidence/vulnerabilities-policy";
import type { RunFacts } from "@ml-actions/reports";
import type { Database } from "./database.ts";
import type { ScanInputs } from "./definition.ts";
import type { Scanner } from "./scanner.ts";
import type { ScanStory } from "./summary.ts";

export function statementOf({
  inputs,
  story,
  policy,
  scanner,
  database,
  run,
}: {
  inputs: ScanInputs;
  story: ScanStory;
  policy: ScanPolicy;
  scanner: Scanner;
  database: Database;
  run: RunFacts;
}): VulnerabilitiesStatement {
  const { decision, platforms } = story;
  const used = policy.ignored.filter((risk) => decision.accepted.some((one) => one.risk === risk));
  return vulnerabilitiesStatement({
    // The path of a layout may be longer than a name.
    subject: {
      name: inputs.image.reference.replace(/@sha256:.*$/, "").slice(0, 1000),
      digest: inputs.image.digest,
    },
    verdict: decision.verdict,
    policy: { ...policy, ignored: used },
    findings: decision.findings,
    platforms: platforms.map(({ asked, report }) => ({
      platform: asked.platform,
      digest: asked.manifest.digest,
      os: report.os === null ? null : report.os.name,
      packages: report.packages,
    })),
    doubts: decision.doubts,
    scanner: {
      uri: `pkg:github/aquasecurity/trivy@v${scanner.version}`,
      version: scanner.version,
      digest: scanner.digest,
      database: {
        uri: "pkg:github/aquasecurity/trivy-db",
        version: database.version,
        updatedAt: database.updatedAt,
      },
    },
    tool: run.tool,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    runUrl: run.url,
  });
}
