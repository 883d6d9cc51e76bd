import type { Log } from "@ml-actions/action-kit/action";
import type { EvidenceCheck, Verification } from "@ml-actions/evidence/verification";
import { expect, it } from "vitest";
import { logVerification, verificationSummary } from "./verification-table.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const passed = (evidence: EvidenceCheck["evidence"], signer: string): EvidenceCheck => ({
  ...{ evidence, signer, verdict: "pass", reason: "it says so", remedy: null, ageMs: 1000 },
  bundle: `sha256:${"b".repeat(64)}`,
});
const failed = (evidence: EvidenceCheck["evidence"], reason: string): EvidenceCheck => ({
  ...{ evidence, signer: null, verdict: "fail", reason, ageMs: null, bundle: null },
  remedy: "Look at `identity`.",
});
const verificationOf = (checks: EvidenceCheck[]): Verification => ({
  image: `ghcr.io/org/flights@sha256:${"a".repeat(64)}`,
  digest: `sha256:${"a".repeat(64)}`,
  policy: { name: "inputs", digest: `sha256:${"c".repeat(64)}` },
  verdict: checks.every(({ verdict }) => verdict === "pass") ? "pass" : "fail",
  checks,
  verifiedAt: 0,
});

it("names one signer below the table, where its length pushes no verdict out of sight, and several in it", () => {
  const one = verificationSummary(
    verificationOf([passed("build", workflow), passed("eval", workflow)]),
    null,
  );
  expect(one).toContain("| Evidence | Verdict | Age |\n");
  expect(one.split(workflow)).toHaveLength(2);
  const two = verificationSummary(verificationOf([passed("build", workflow), passed("scan", "key x")]), null);
  expect(two).toContain("| Evidence | Verdict | Age | Signer |\n");
  expect(two).toContain("| `scan` | ✅ it says so | 1 s | `key x` |");
});

it("annotates what is wrong with several in the same way once, and tells what was found of each", () => {
  const lines: string[] = [];
  const errors: [string, string | undefined][] = [];
  const log = {
    info: (line: string) => lines.push(line),
    debug: () => undefined,
    error: (line: string, place?: { title?: string }) => errors.push([line, place?.title]),
  } as unknown as Log;
  const other = "It is signed by another.";
  const verification = verificationOf([
    failed("signature", other),
    failed("build", other),
    failed("eval", "It is 3 d old."),
    passed("scan", workflow),
  ]);
  logVerification(log, verification);
  expect(errors).toEqual([
    [`signature, build: ${other}\nLook at \`identity\`.`, "Evidence refused: signature, build"],
    ["eval: It is 3 d old.\nLook at `identity`.", "Evidence refused: eval"],
  ]);
  expect(lines.filter((line) => line.startsWith("  "))).toEqual([
    `  ${other}`,
    `  ${other}`,
    "  It is 3 d old.",
    "  it says so",
  ]);
  expect(verificationSummary(verification, null).match(/- Look at `identity`\./g)).toHaveLength(1);
});
