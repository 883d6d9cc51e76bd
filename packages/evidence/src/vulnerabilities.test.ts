import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EvidenceError } from "./error.ts";
import {
  formatVulnerabilities,
  readVulnerabilities,
  type VulnerabilitiesInput,
  type VulnerabilitiesStatement,
  vulnerabilitiesStatement,
} from "./vulnerabilities.ts";
import type { Finding } from "./vulnerabilities-policy.ts";

const hourMs = 3_600_000;
const at = Date.parse("2026-11-22T12:00:00Z");
const digest = `sha256:${"a".repeat(64)}`;
const finding: Finding = {
  id: "CVE-2026-1001",
  package: "left-pad",
  installed: "1.3.0",
  fixed: "1.3.1",
  severity: "CRITICAL",
  ratedBy: "ghsa",
  platforms: ["linux/amd64", "linux/arm64"],
};

const scanOf = (changes: Partial<VulnerabilitiesInput> = {}): VulnerabilitiesInput => ({
  subject: { name: "ghcr.io/octo-org/flights", digest },
  verdict: "fail",
  policy: { severity: ["CRITICAL"], ignoreUnfixed: false, maxDbAgeMs: 48 * hourMs, ignored: [] },
  findings: [finding],
  platforms: [{ platform: "linux/amd64", digest, os: "debian 13.1", packages: 40 }],
  doubts: [],
  scanner: {
    uri: "pkg:github/aquasecurity/trivy@v0.69.3",
    version: "0.69.3",
    digest,
    database: { uri: "pkg:github/aquasecurity/trivy-db", version: "2", updatedAt: at - 6 * hourMs },
  },
  tool: "ml-actions 0.1.0",
  startedAt: at,
  finishedAt: at + 20_000,
  runUrl: "https://github.com/octo-org/flights/actions/runs/1",
  ...changes,
});

/** A statement as somebody wrote it who changed this. */
function edited(change: (statement: VulnerabilitiesStatement) => void): string {
  const statement = structuredClone(vulnerabilitiesStatement(scanOf()));
  change(statement);
  return JSON.stringify(statement);
}

const own = "https://ml-actions.github.io/evidence/v1";
const errorOf = (read: () => unknown): EvidenceError => {
  try {
    read();
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
  throw new Error("it was read");
};

describe("evidence of a scan", () => {
  it("is read back as it was given, and the same scan gives the same bytes", () => {
    const { subject, ...rest } = scanOf();
    const text = formatVulnerabilities(vulnerabilitiesStatement(scanOf()));
    expect(readVulnerabilities(text, "scan.json")).toEqual({ ...rest, subjects: [subject] });
    expect(formatVulnerabilities(vulnerabilitiesStatement(scanOf()))).toBe(text);
  });

  it("stands where the predicate has a place for it", () => {
    const { predicate } = vulnerabilitiesStatement(scanOf());
    expect(predicate.scanner).toMatchObject({
      uri: "pkg:github/aquasecurity/trivy@v0.69.3",
      db: { lastUpdate: "2026-11-22T06:00:00.000Z" },
      result: [{ id: "CVE-2026-1001", severity: [{ method: "ghsa", score: "CRITICAL" }] }],
    });
    expect(predicate.metadata).toEqual({
      scanStartedOn: "2026-11-22T12:00:00.000Z",
      scanFinishedOn: "2026-11-22T12:00:20.000Z",
    });
  });

  it("may have been signed: the image first, at most ten subjects", () => {
    const text = edited(({ subject }) => {
      subject.unshift({ name: "signed", digest: { sha256: "b".repeat(64) } });
    });
    const { subjects } = readVulnerabilities(text, "scan.json");
    expect(subjects.map(({ digest: of }) => of)).toEqual([`sha256:${"b".repeat(64)}`, digest]);
    const many = edited(({ subject }) => {
      for (let i = 0; i < 10; i++) subject.push({ name: "more", digest: { sha256: "c".repeat(64) } });
    });
    expect(errorOf(() => readVulnerabilities(many, "scan.json")).code).toBe("malformed");
  });

  it("is refused with a verdict better than its findings, when written and when read", () => {
    expect(errorOf(() => vulnerabilitiesStatement(scanOf({ verdict: "pass" }))).code).toBe("invalid-result");
    const text = edited(({ predicate }) => {
      predicate[own].verdict = "pass";
    });
    const error = errorOf(() => readVulnerabilities(text, "scan.json"));
    expect(error).toMatchObject({ code: "contradiction" });
    expect(error.message).toMatch(/verdict is pass, but the findings inside come to fail/);
  });

  it.each<[string, (statement: VulnerabilitiesStatement) => void, RegExp]>([
    [
      "a finding was taken out of the counts",
      ({ predicate }) => {
        predicate[own].counts.CRITICAL = 0;
      },
      /counts of CRITICAL/,
    ],
    [
      "a finding was taken out of the results",
      ({ predicate }) => {
        predicate.scanner.result.pop();
        predicate[own].verdict = "pass";
      },
      /counts of CRITICAL/,
    ],
    [
      "its database was older than its policy allows",
      ({ predicate }) => {
        predicate.scanner.db.lastUpdate = "2026-11-01T00:00:00Z";
      },
      /older than the policy/,
    ],
    [
      "it passes on a risk that had expired",
      ({ predicate }) => {
        const risk = { id: finding.id, package: null, reason: "x", expires: "2026-11-21" };
        predicate[own].policy.ignored.push(risk);
        predicate[own].verdict = "pass";
      },
      /come to fail/,
    ],
    [
      "it ends before it begins",
      ({ predicate }) => {
        predicate.metadata.scanFinishedOn = "2026-11-22T11:00:00Z";
      },
      /finished before/,
    ],
  ])("contradicts itself when %s", (_name, change, message) => {
    expect(errorOf(() => readVulnerabilities(edited(change), "scan.json")).message).toMatch(message);
  });

  it("with a doubt is no pass", () => {
    const doubts = ["debian 8 (linux/amd64) is at its end of life"];
    const input = { findings: [], doubts, verdict: "pass" as const };
    expect(errorOf(() => vulnerabilitiesStatement(scanOf(input))).code).toBe("invalid-result");
    const read = readVulnerabilities(
      vulnerabilitiesStatement(scanOf({ ...input, verdict: "inconclusive" })),
      "scan",
    );
    expect(read).toMatchObject({ verdict: "inconclusive", doubts });
  });

  it("of no platform, or of one without packages, is none", () => {
    expect(errorOf(() => vulnerabilitiesStatement(scanOf({ platforms: [] }))).code).toBe("invalid-result");
    const empty = [{ platform: "linux/amd64", digest, os: null, packages: 0 }];
    expect(errorOf(() => vulnerabilitiesStatement(scanOf({ platforms: empty }))).code).toBe("invalid-result");
  });

  it("is told from a statement of another kind", () => {
    const error = errorOf(() => readVulnerabilities('{"predicateType":"https://x/y"}', "a\nb"));
    expect(error).toMatchObject({ code: "wrong-schema" });
    expect(error.message).not.toContain("\n");
  });

  it("is read or refused with an EvidenceError, whatever stands in it", () => {
    const places = [["predicate"], ["predicate", "scanner"], ["predicate", own], ["subject"]];
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), (path, value) => {
        const text = edited((statement) => {
          const parent = path.slice(0, -1).reduce<unknown>((at, key) => (at as never)[key], statement);
          (parent as Record<string, unknown>)[path.at(-1) as string] = value;
        });
        try {
          readVulnerabilities(text, "scan.json");
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
    );
  });
});
