/** Evidence of a scan: the findings inside are judged again, today, by the scan's policy and by this one. */
import { shown } from "../read-json.ts";
import { statementType } from "../statement.ts";
import { readVulnerabilities, type Vulnerabilities } from "../vulnerabilities.ts";
import { isExpired, sortFindings } from "../vulnerabilities-policy.ts";
import type { Reader, ReadingContext, Refusal } from "./reading.ts";
import { spanText } from "./span.ts";

const named = 3;

export const readScan: Reader = (signed, context) => {
  const scan = readVulnerabilities({ ...signed, _type: statementType }, context.place);
  const { findings, policy, scanner, finishedAt } = scan;
  return {
    finishedAt,
    refusal: verdictRefusal(scan) ?? expectationRefusal(scan, context),
    says: `pass: ${findings.length === 1 ? "1 finding" : `${findings.length} findings`}, none blocks (${policy.severity.join(", ")}), database of ${new Date(scanner.database.updatedAt).toISOString().slice(0, 10)}`,
  };
};

function verdictRefusal({ verdict, doubts, findings, policy, finishedAt }: Vulnerabilities): Refusal | null {
  if (verdict === "pass") return null;
  if (verdict === "inconclusive") {
    return {
      reason: `Its verdict is inconclusive, which is no pass: ${doubts.map((doubt) => shown(doubt, 200)).join("; ")}.`,
      remedy: "Mend what makes the scan doubtful and scan again.",
    };
  }
  const { blocking } = sortFindings(findings, policy, finishedAt);
  return {
    reason: `Its verdict is fail: ${listed(blocking)}.`,
    remedy: "Upgrade what the scan names, build the image anew and scan it.",
  };
}

function expectationRefusal(scan: Vulnerabilities, { expected, now }: ReadingContext): Refusal | null {
  const { findings, policy, scanner, startedAt } = scan;
  const databaseAgeMs = startedAt - scanner.database.updatedAt;
  if (expected.maxDatabaseAgeMs !== null && databaseAgeMs > expected.maxDatabaseAgeMs) {
    return {
      reason: `The scanner's database was ${spanText(databaseAgeMs)} old; the policy allows ${spanText(expected.maxDatabaseAgeMs)}.`,
      remedy: "Scan again with a fresh database.",
    };
  }
  const severity = [...new Set([...policy.severity, ...expected.severity])];
  const { blocking } = sortFindings(findings, { ...policy, severity }, now);
  if (blocking.length === 0) return null;
  const over = policy.ignored.filter(
    (risk) => isExpired(risk, now) && blocking.some(({ id }) => id === risk.id),
  );
  return over.length > 0
    ? {
        reason: `The time for which risks were accepted is over: ${over
          .slice(0, named)
          .map(({ id, expires }) => `${shown(id, 60)} until ${expires}`)
          .join(", ")}.`,
        remedy: "Upgrade what is affected, or accept the risk anew, and scan again.",
      }
    : {
        reason: `By the severities that the policy asks for (${severity.join(", ")}) it would fail: ${listed(blocking)}.`,
        remedy: "Upgrade what is named, build the image anew and scan it.",
      };
}

function listed(findings: Vulnerabilities["findings"]): string {
  const list = findings
    .slice(0, named)
    .map(
      ({ id, severity, package: name, installed }) =>
        `${shown(id, 60)} (${severity}, ${shown(name, 60)} ${shown(installed, 60)})`,
    );
  if (findings.length > named) list.push(`and ${findings.length - named} more`);
  return list.join(", ");
}
