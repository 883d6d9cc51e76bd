import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseGates } from "@ml-actions/gates/language";
import { contractSchema } from "@ml-actions/serving/contract";
import { describe, expect, it } from "vitest";
import { Join } from "./join.ts";
import { judgeShadow, kindOf, type Seen } from "./judging.ts";

const contractFile = join(import.meta.dirname, "../../../test/fixtures/flights/flights-1.contract.json");
const contract = contractSchema.parse(JSON.parse(readFileSync(contractFile, "utf8")));
const rules = {
  rule: "refute",
  confidence: 0.95,
  overallConfidence: 0.95,
  minSamples: 100,
  minCoverage: 0.95,
} as const;

interface Story {
  /** The candidate's answers are better the larger it is. */
  skill?: number;
  /** How many of its first answers are no numbers. */
  nan?: number;
  /** Every third answer is. */
  labelled?: boolean;
  /** How many it failed, and how many copies were not sent, after all others. */
  failed?: number;
  unsent?: number;
}

function seen(
  count: number,
  { skill = 1, nan = 0, labelled = true, failed = 0, unsent = 0 }: Story = {},
): Seen {
  const truth = (index: number) => index % 2;
  const answers = new Join(1);
  for (let index = 0; index < count; index += 1) {
    const noise = ((index * 7919) % 100) / 100;
    const answer = (output: number | null) => ({
      id: `r${index}`,
      input: "sha256:00",
      outputs: [output],
      ms: 2,
    });
    answers.add("stable", answer(0.5 * truth(index) + 0.5 * noise));
    if (index < count - failed - unsent)
      answers.add("candidate", answer(index < nan ? null : skill * 0.5 * truth(index) + 0.5 * noise));
  }
  const compared = answers.compared();
  const known = Uint8Array.from({ length: compared.rows }, (_, index) => Number(index % 3 === 0));
  const values = Float64Array.from({ length: compared.rows }, (_, index) => truth(index));
  const tally = { repeated: 0, contradicting: 0, notCompared: 0, unknown: 0 };
  const side = { requests: count - unsent, errors: 0, nan, latency: null };
  return {
    compared,
    tally: answers.tally(),
    truth: labelled
      ? {
          column: { kind: "number", name: "label", values, missing: known.map((is) => 1 - is) },
          known,
          tally,
          writtenMs: 0,
        }
      : null,
    counts: { at: 1, ok: true, stable: side, candidate: { ...side, errors: failed } },
  };
}

const judged = (gates: string, what: Seen) => judgeShadow(parseGates(gates), what, contract, rules).verdicts;

describe("the verdicts of a shadow", () => {
  it("rest on labels, on answers, or on counts", () => {
    const gates = parseGates("auc >= 0.5, nan_rate <= 0.1, latency.p99 <= 1s, error_rate <= 0.1");
    expect(gates.map(kindOf)).toEqual(["labels", "answers", "answers", "counts"]);
  });

  it("come in the gates' order, whichever they rest on", () => {
    const verdicts = judged(
      "error_rate <= 0.1, auc >= baseline - 0.05, nan_rate <= 0.1, latency.p50 <= 10ms",
      seen(900),
    );
    expect(verdicts.map(({ metric, verdict }) => [metric, verdict])).toEqual([
      ["error_rate", "pass"],
      ["auc", "pass"],
      ["nan_rate", "pass"],
      ["latency.p50", "pass"],
    ]);
    expect(verdicts[1]?.n).toBe(300);
    expect(verdicts[2]?.n).toBe(900);
  });

  it("are no pass on fewer samples than asked for", () => {
    const [verdict] = judged("auc >= baseline - 0.1", seen(240));
    expect(verdict).toMatchObject({ verdict: "inconclusive", settle: "need 100 samples, have 80" });
  });

  it("are a fail on few samples all the same, when it is proven", () => {
    expect(judged("nan_rate <= 0.001", seen(90, { nan: 60 }))[0]?.verdict).toBe("fail");
  });

  it("say what to give when there are no labels", () => {
    const [verdict] = judged("auc >= baseline - 0.01", seen(900, { labelled: false }));
    expect(verdict).toMatchObject({
      verdict: "inconclusive",
      reason: "auc needs labels, and there is no file of labels.",
      settle: expect.stringMatching(/input `labels`, or gate on what needs none: `agreement`/),
    });
  });

  it("share the chance of a wrong fail, also between the kinds", () => {
    const alone = judged("auc >= baseline - 0.05", seen(900))[0];
    const beside = judged("auc >= baseline - 0.05, nan_rate <= 0.1", seen(900))[0];
    const estimated = judged("auc >= baseline - 0.05, nan_rate <= 0.1 [estimate]", seen(900))[0];
    expect(alone?.reason).toMatch(/at 95% confidence/);
    expect(beside?.reason).toMatch(/at 97\.5% confidence/);
    expect(estimated?.reason).toBe(alone?.reason);
  });

  it("see a candidate that is worse", () => {
    expect(judged("auc >= baseline - 0.01", seen(3000, { skill: 0.1 }))[0]?.verdict).toBe("fail");
  });
});

describe("low coverage", () => {
  const gates = "auc >= baseline - 0.05, nan_rate <= 0.1, error_rate <= 0.5";

  it("leaves no verdict on answers that were compared, and none of the failures is lost", () => {
    const verdicts = judged(gates, seen(3000, { failed: 300 }));
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(["inconclusive", "inconclusive", "pass"]);
    expect(verdicts[0]?.reason).toMatch(
      /Only 90 % of the 3,000 requests that stable answered could be compared, 95 % are asked for: 300 failed by the candidate/,
    );
    expect(judged("error_rate <= 0.02", seen(3000, { failed: 300 }))[0]?.verdict).toBe("fail");
  });

  it("is no fail either: what is missing may be what was right", () => {
    const [verdict] = judged("auc >= baseline - 0.01", seen(3000, { skill: 0.1, unsent: 600 }));
    expect(verdict?.verdict).toBe("inconclusive");
  });

  it("of copies that were not sent leaves no pass of counted failures", () => {
    const [verdict] = judged("error_rate <= 0.5", seen(3000, { unsent: 600 }));
    expect(verdict).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringMatching(/could be copied.*600 never sent/),
    });
  });

  it("is a matter of the share that was asked for", () => {
    expect(judged(gates, seen(3000, { failed: 150 })).map(({ verdict }) => verdict)).toEqual(
      new Array(3).fill("pass"),
    );
  });
});
