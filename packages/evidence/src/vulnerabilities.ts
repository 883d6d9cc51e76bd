/**
 * Evidence of a scan as an in-toto statement: which image, by which scanner with which database, what was found, and what
 * the policy made of it.
 *
 * Predicate vulns v0.2: https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md
 */
import type { VerdictName } from "@ml-actions/gates/types";
import { canonicalJson } from "./configuration.ts";
import { EvidenceError } from "./error.ts";
import { isoTime } from "./metrics-file.ts";
import { predicateTypes } from "./predicates.ts";
import { parseJson, type Source, shown, validate } from "./read-json.ts";
import { figuresField, type NamedDigest, statementType } from "./statement.ts";
import {
  countBySeverity,
  type Finding,
  type ScanPolicy,
  scanVerdict,
  severities,
  sortFindings,
} from "./vulnerabilities-policy.ts";
import { type VulnerabilitiesStatement, vulnerabilitiesSchema } from "./vulnerabilities-schema.ts";

export type { VulnerabilitiesStatement } from "./vulnerabilities-schema.ts";

/** Everything a statement of a scan says. Times in milliseconds since 1970. */
export interface VulnerabilitiesInput {
  /** The image by the digest that was asked for (of the index, where there is one). */
  subject: NamedDigest;
  verdict: VerdictName;
  policy: ScanPolicy;
  findings: readonly Finding[];
  platforms: readonly ScannedPlatform[];
  /** Why finding nothing would prove nothing: an operating system that gets no advisories any more. */
  doubts: readonly string[];
  scanner: {
    uri: string;
    version: string;
    /** Of the program: `sha256:<hex>`. */
    digest: string;
    database: { uri: string; version: string; updatedAt: number };
  };
  /** `ml-actions 0.1.0`. */
  tool: string;
  startedAt: number;
  finishedAt: number;
  /** null outside GitHub. */
  runUrl: string | null;
}

export interface ScannedPlatform {
  /** `linux/amd64`. */
  platform: string;
  /** Of its manifest. */
  digest: string;
  /** `debian 12.8`; null when the scanner found none. */
  os: string | null;
  /** How many packages the scanner looked at. */
  packages: number;
}

/** @throws EvidenceError `invalid-result` for what is no result, or a verdict better than its findings. */
export function vulnerabilitiesStatement(input: VulnerabilitiesInput): VulnerabilitiesStatement {
  const { subject, scanner, findings } = input;
  const sha256 = subject.digest.startsWith("sha256:") ? subject.digest.slice(7) : subject.digest;
  const statement = {
    _type: statementType,
    subject: [{ name: subject.name, digest: { sha256 } }],
    predicateType: predicateTypes.scan,
    predicate: {
      scanner: {
        uri: scanner.uri,
        version: scanner.version,
        db: {
          uri: scanner.database.uri,
          version: scanner.database.version,
          lastUpdate: isoTime(scanner.database.updatedAt),
        },
        result: findings.map(resultOf),
      },
      metadata: { scanStartedOn: isoTime(input.startedAt), scanFinishedOn: isoTime(input.finishedAt) },
      [figuresField]: {
        kind: "scan",
        verdict: input.verdict,
        policy: input.policy,
        counts: countBySeverity(findings),
        platforms: input.platforms,
        doubts: input.doubts,
        program: scanner.digest,
        tool: input.tool,
        url: input.runUrl,
      },
    },
  };
  const source = {
    place: "The result",
    expected: "fit for a statement",
    remedy: "This is a bug: please report it.",
  };
  const valid = validate(vulnerabilitiesSchema, statement, source, "invalid-result");
  refuseContradiction(valid, "The result", "invalid-result");
  return valid;
}

/** Canonical JSON (RFC 8785) with a newline. */
export function formatVulnerabilities(statement: VulnerabilitiesStatement): string {
  return `${canonicalJson(statement)}\n`;
}

/** What a statement of a scan claims, in the words it was made of. `scanner` and `findings` as they were given. */
export type Vulnerabilities = Omit<VulnerabilitiesInput, "subject"> & { subjects: NamedDigest[] };

/**
 * Reads a statement back. It says what the statement claims; whether to believe it is a matter of its signature.
 *
 * @param value the statement: its text, or what was parsed already.
 * @param place how to name it in an error.
 * @throws EvidenceError `not-json`, `wrong-schema`, `malformed`, or `contradiction` when the verdict is better than the
 *   findings inside, or what must agree does not.
 */
export function readVulnerabilities(value: unknown, place: string): Vulnerabilities {
  const source: Source = {
    place,
    expected: "a statement of a scan",
    remedy: 'Give the evidence file that scan wrote (output "evidence").',
  };
  const parsed = typeof value === "string" ? parseJson(value, source) : value;
  const type =
    typeof parsed === "object" && parsed !== null && "predicateType" in parsed
      ? parsed.predicateType
      : undefined;
  if (type !== predicateTypes.scan) {
    const has =
      type === undefined ? "has no predicateType" : `has predicateType ${shown(JSON.stringify(type), 120)}`;
    throw new EvidenceError(
      "wrong-schema",
      `${shown(place)} ${has}; expected "${predicateTypes.scan}".`,
      source.remedy,
    );
  }
  const statement = validate(vulnerabilitiesSchema, parsed, source);
  refuseContradiction(statement, place, "contradiction");
  return claimsOf(statement);
}

function resultOf({ id, severity: score, ratedBy, package: name, installed, fixed, platforms }: Finding) {
  return {
    id,
    severity: [{ method: ratedBy ?? "trivy", score }],
    annotations: [{ package: name, installed, fixed, platforms: [...platforms] }],
  };
}

function claimsOf({ subject, predicate }: VulnerabilitiesStatement): Vulnerabilities {
  const { scanner, metadata, [figuresField]: own } = predicate;
  return {
    subjects: subject.map(({ name, digest }) => ({ name, digest: `sha256:${digest.sha256}` })),
    verdict: own.verdict,
    policy: own.policy,
    findings: scanner.result.map(findingOf),
    platforms: own.platforms,
    doubts: own.doubts,
    scanner: {
      uri: scanner.uri,
      version: scanner.version,
      digest: own.program,
      database: {
        uri: scanner.db.uri,
        version: scanner.db.version,
        updatedAt: Date.parse(scanner.db.lastUpdate),
      },
    },
    tool: own.tool,
    startedAt: Date.parse(metadata.scanStartedOn),
    finishedAt: Date.parse(metadata.scanFinishedOn),
    runUrl: own.url,
  };
}

type ResultEntry = VulnerabilitiesStatement["predicate"]["scanner"]["result"][number];

function findingOf({ id, severity: [rating], annotations: [where] }: ResultEntry): Finding {
  const { method, score } = rating as { method: string; score: Finding["severity"] };
  return { id, severity: score, ratedBy: method, ...(where as Omit<Finding, "id" | "severity" | "ratedBy">) };
}

const badness = { pass: 0, inconclusive: 1, fail: 2 } as const;

function refuseContradiction(
  statement: VulnerabilitiesStatement,
  place: string,
  code: "contradiction" | "invalid-result",
): void {
  const { findings, policy, doubts, verdict, scanner, startedAt, finishedAt } = claimsOf(statement);
  const problems: string[] = [];
  const best = scanVerdict(sortFindings(findings, policy, finishedAt), doubts);
  if (badness[verdict] < badness[best]) {
    problems.push(`verdict is ${verdict}, but the findings inside come to ${best}`);
  }
  const counts = statement.predicate[figuresField].counts;
  const actual = countBySeverity(findings);
  const wrong = severities.filter((name) => counts[name] !== actual[name]);
  if (wrong.length > 0) problems.push(`counts of ${wrong.join(", ")} are not those of the findings inside`);
  if (startedAt - scanner.database.updatedAt > policy.maxDbAgeMs) {
    problems.push("the database was older than the policy inside allows");
  }
  if (finishedAt < startedAt) problems.push("the scan finished before it started");
  if (problems.length === 0) return;
  throw new EvidenceError(
    code,
    `${shown(place)} contradicts itself: ${problems.join("; ")}.`,
    "Do not use it: it was edited or written by something else. Run the scan again.",
  );
}
