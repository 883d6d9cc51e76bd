import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import { figuresField } from "@ml-actions/evidence";
import { parseGates } from "@ml-actions/gates/language";
import type { Release } from "@ml-actions/rollout/target";
import { contractSchema } from "@ml-actions/serving/contract";
import { describe, expect, it } from "vitest";
import { parseResource } from "../../resource.ts";
import { ContractTest } from "./contract-test.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import { Join } from "./join.ts";
import { judgeShadow } from "./judging.ts";
import type { Truth } from "./labels-file.ts";
import { conclusionOf, type Findings } from "./report.ts";

const directory = mkdtempSync(join(tmpdir(), "ml-actions-report-"));
const fixtures = join(import.meta.dirname, "../../../test/fixtures/flights");
const contract = contractSchema.parse(
  JSON.parse(readFileSync(join(fixtures, "flights-1.contract.json"), "utf8")),
);

const requests = join(directory, "v1.jsonl");
writeFileSync(requests, "{}\n");
const given: ShadowInputs = {
  target: "local",
  resource: parseResource("flights"),
  candidate: { kind: "file", path: "flights-2.onnx" },
  guard: "required",
  telemetry: "auto",
  mode: "replay",
  percent: 100,
  requests: [requests],
  gates: parseGates("agreement >= 0.9"),
  "min-samples": 10,
  "min-coverage": 0.5,
  duration: 60_000,
};
const release = (label: string, digit: string): Release => ({
  label,
  digest: `sha256:${digit.repeat(64)}`,
  model: { digest: `sha256:${digit.repeat(64)}`, uri: label, contract: label },
});

/** 60 requests: 40 compared, 10 unanswered, 4 and 6 lines of ids that came twice or with another input. */
function findings(inputs: ShadowInputs): Findings & { candidate: Release; startedAt: number } {
  const answers = new Join(1);
  for (let index = 0; index < 58; index += 1) {
    const line = (input: string) => ({ id: `r${index}`, input, outputs: [(index % 10) / 10], ms: 2 });
    answers.add("stable", line("sha256:aa"));
    if (index >= 56) answers.add("stable", line("sha256:aa"));
    if (index < 46 || index >= 56)
      answers.add("candidate", line(index >= 40 && index < 46 ? "sha256:ab" : "sha256:aa"));
  }
  const tally = answers.tally();
  const compared = answers.compared();
  const known = Uint8Array.from({ length: compared.rows }, (_, row) => Number(row < 30));
  const truth: Truth = {
    column: { kind: "number", name: "label", values: new Float64Array(compared.rows), missing: null },
    known,
    tally: { repeated: 1, contradicting: 2, notCompared: 3, unknown: 4 },
    writtenMs: 0,
  };
  const side = { requests: 60, errors: 0, nan: 0, latency: null };
  const counts = { at: 1, ok: true, stable: side, candidate: { ...side, errors: 7 } } as const;
  const seen = { compared, tally, truth, counts };
  const rules = {
    rule: "refute",
    confidence: 0.95,
    overallConfidence: 0.95,
    minSamples: inputs["min-samples"],
    minCoverage: inputs["min-coverage"],
  } as const;
  const judged = judgeShadow(inputs.gates, seen, contract, rules);
  const test = new ContractTest(["v1"], null).result(0, 0.5);
  const run = {
    stable: release("flights-1", "1"),
    sent: 60,
    counts,
    join: answers,
    tally,
    contract: test,
    notes: [],
  };
  const verdicts = [...judged.verdicts, test.verdict];
  return {
    run,
    seen,
    judged,
    verdicts,
    late: 5,
    looks: 2,
    notes: [],
    cluster: null,
    candidate: release("flights-2", "2"),
    startedAt: 1,
  };
}

const log: string[] = [];
const context = { holder: "here", directory, log: { info: (line: string) => log.push(line) } };
const concluded = (inputs: ShadowInputs) =>
  conclusionOf(inputs, context as unknown as ActionContext<ShadowOutputs>, findings(inputs));

describe("what a shadow leaves behind", () => {
  it("accounts for every request and label in the evidence, the metrics file, the log and the report", async () => {
    const { evidence, metrics, report, summary } = await concluded(given);
    const account = {
      coverage: 40 / 60,
      eligible_requests: 60,
      compared_requests: 40,
      duplicate_requests: 4,
      differing_inputs: 6,
      unanswered_requests: 10,
      unlabelled_requests: 10,
      late_labels: 5,
      repeated_labels: 1,
      contradicting_labels: 2,
      labels_not_compared: 3,
      unknown_labels: 4,
      contract_requests: 0,
      agreement: 1,
      score_drift: 0,
    };
    expect(metrics.candidate).toMatchObject(account);
    expect(evidence.predicate[figuresField].metrics.candidate).toMatchObject(account);
    const told = log.join("\n");
    expect(told).toMatch(/66.6 % of the 60 requests that stable answered were compared, 50 % are asked for/);
    expect(told).toMatch(
      /7 failed by the candidate, 6 with another input on each side, 4 with an id that came more than once, 3 never sent/,
    );
    for (const line of [
      /5 labels came only when/,
      /2 instances have two labels/,
      /4 labels are of requests that/,
    ])
      expect(told).toMatch(line);
    expect(summary).toMatch(/40 of 60 eligible requests compared/);
    expect(report).toMatch(/<svg/);
  });

  it("has a digest of all that decided", async () => {
    const digestsOf = async (inputs: ShadowInputs) =>
      (await concluded(inputs)).evidence.predicate.configuration.map(({ digest }) => digest.sha256).join();
    const { requests: _, ...mirrored } = given;
    const others: ShadowInputs[] = [
      { ...given, "min-coverage": 0.6 },
      { ...given, "min-samples": 11 },
      { ...given, rate: 5 },
      { ...given, tolerance: 0 },
      { ...given, duration: 1_000 },
      { ...given, labels: "labels.csv" },
      { ...given, gates: parseGates("agreement >= 0.8") },
      { ...mirrored, mode: "mirror" },
    ];
    const digests = [await digestsOf(given)];
    for (const inputs of others) digests.push(await digestsOf(inputs));
    writeFileSync(requests, "{}\n\n");
    digests.push(await digestsOf(given));
    expect(new Set(digests).size).toBe(digests.length);
  });
});
