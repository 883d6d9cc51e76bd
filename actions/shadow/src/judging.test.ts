import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseGates } from "@ml-actions/gates/language";
import { contractSchema } from "@ml-actions/serving/contract";
import { describe, expect, it } from "vitest";
import { judgeShadow, kindOf, type Seen } from "./judging.ts";
import { type Labels, labelKey } from "./labels-file.ts";

const contractFile = join(import.meta.dirname, "../../../test/fixtures/flights/flights-1.contract.json");
const contract = contractSchema.parse(JSON.parse(readFileSync(contractFile, "utf8")));
const rules = { rule: "refute", confidence: 0.95, minSamples: 100 } as const;

/** Answers of which the candidate's are better the larger `skill` is; every third is labelled. */
function seen(count: number, { skill = 1, nan = 0, labelled = true } = {}): Seen {
  const truth = (index: number) => index % 2;
  const pairs = Array.from({ length: count }, (_, index) => {
    const noise = ((index * 7919) % 100) / 100;
    return {
      id: `r${index}`,
      stable: { outputs: [0.5 * truth(index) + 0.5 * noise], ms: 2 },
      candidate: { outputs: [index < nan ? null : skill * 0.5 * truth(index) + 0.5 * noise], ms: 2 },
    };
  });
  const known = Array.from({ length: count }, (_, index) => index).filter((index) => index % 3 === 0);
  const labels: Labels = {
    column: { kind: "number", name: "label", values: Float64Array.from(known, truth), missing: null },
    rows: new Map(known.map((index, row) => [labelKey(`r${index}`, 0), row])),
  };
  const side = { requests: count, errors: 0, nan, latency: null };
  return {
    pairs,
    labels: labelled ? labels : null,
    counts: { at: 1, ok: true, stable: side, candidate: side },
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

  it("say that labels are missing", () => {
    const [verdict] = judged("auc >= baseline - 0.01", seen(900, { labelled: false }));
    expect(verdict).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringContaining("No compared request has a known label"),
    });
  });

  it("see a candidate that is worse", () => {
    expect(judged("auc >= baseline - 0.01", seen(3000, { skill: 0.1 }))[0]?.verdict).toBe("fail");
  });
});
