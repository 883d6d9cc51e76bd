import { imageSignature, type SignedStatement } from "@ml-actions/evidence/signing";
import { evalThat, scanOf } from "@ml-actions/evidence/verification/testing/evidence";
import { describe, expect, it } from "vitest";
import { isFailed, signLine, signSummary } from "./summary.ts";

const digest = `sha256:${"a".repeat(64)}`;
const signer = (identity: string) => ({
  description: identity,
  trust: { kind: "identity" as const, identity, issuer: "i", trustedRoot: {} },
});
const row = (statement: object, file: string | null = "e.json", written = true) => ({
  file,
  statement: statement as SignedStatement,
  digest,
  written,
});

describe("the summary of sign", () => {
  it("tells what each piece says, be it a test or a scan", () => {
    const rows = [
      row(evalThat("pass")),
      row(evalThat("inconclusive")),
      row(scanOf({ verdict: "fail", doubts: ["it is empty"] })),
      row(imageSignature(digest), null, false),
    ];
    expect(rows.map(({ statement }) => isFailed(statement))).toEqual([false, false, true, false]);
    const summary = signSummary("r/flights@sha256:0", signer("https://github.com/org/flights"), rows);
    for (const said of ["✅ pass", "⚠️ inconclusive", "❌ fail", "| — | was there", "it is the truth"])
      expect(summary).toContain(said);
    for (const said of ["| `eval` | `e.json` |", "| `scan` |", "| `signature` | the image itself |"])
      expect(summary).toContain(said);
    expect(summary).toContain("\nidentity: https://github.com/org/flights\n");
    expect(summary).toContain(`\`${digest}\``);
    expect(rows.map(signLine)[2]).toContain("https://in-toto.io/attestation/vulns/v0.2, fail");
  });

  it("shows hostile names as text", () => {
    const summary = signSummary("r/x|y", signer("<b>*me*</b>\n## no"), [
      row({ predicateType: "`|x|\n::error::", predicate: { result: "__proto__" } }, "a|b`\n# c.json"),
    ]);
    expect(summary.split("\n").filter((line) => /^(## no|# c|::error)/.test(line))).toEqual([]);
    expect(
      summary
        .split("\n")
        .filter((line) => line.startsWith("|"))
        .map((line) => line.split("|").length),
    ).toEqual([6, 6, 6, 5, 5, 5]);
  });

  it.each([[null], [1], ["PASSED"], [{}], [{ result: 1 }], [{ result: "constructor" }]])(
    "says nothing of a predicate that says nothing: %j",
    (predicate) => {
      expect(signSummary("i", signer("s"), [row({ predicateType: "x", predicate })])).toContain("| — |");
    },
  );
});
