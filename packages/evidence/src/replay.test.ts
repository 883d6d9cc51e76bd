import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Behaviour, healthy } from "@ml-actions/gates/judge/traffic.testing";
import { parseGates } from "@ml-actions/gates/language";
import type { VerdictName } from "@ml-actions/gates/types";
import { MemoryPlace } from "@ml-actions/rollout/memory.testing";
import type { PlanRequest } from "@ml-actions/rollout/plan";
import { planOf, play, stable } from "@ml-actions/rollout/play.testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configurationDigest } from "./configuration.ts";
import { EvidenceError } from "./error.ts";
import { testResult } from "./example.ts";
import { replayStatement } from "./replay.ts";
import { rolloutRecord } from "./rollout-record.ts";
import { figuresField, formatStatement, readStatement, testResultStatement } from "./statement.ts";

const gates = parseGates(
  "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= 0.001 [refute], score_drift <= 0.1",
);
const scored: Behaviour = { ...healthy, scores: { mean: -1, sd: 1 } };

/** Plays a rollout in memory and writes its statement, as deploy does. */
async function evidenceOf(
  behaviour: Behaviour,
  change: Partial<PlanRequest> = {},
  set: (place: MemoryPlace) => void = () => {},
  during: Parameters<typeof play>[2] = () => {},
): Promise<string> {
  const place = new MemoryPlace(stable);
  place.behaviours = { "flights-1": scored, "flights-2": behaviour };
  set(place);
  const request = { gates, steps: [20, 50], ...change };
  const { result } = await play(place, request, during);
  const plan = planOf(request);
  const { rule, confidence, steps, minSamples, stepTimeoutMs, bakeMs } = plan;
  const settings = { steps: [...steps], minSamples, stepTimeoutMs, bakeMs };
  const outcomes: Partial<Record<string, VerdictName>> = { pass: "pass", fail: "fail" };
  return formatStatement(
    testResultStatement(
      testResult({
        kind: "canary",
        verdicts: result.verdicts,
        outcome: outcomes[result.verdict] ?? "inconclusive",
        rule,
        confidence,
        configuration: [
          { name: "gates", digest: configurationDigest({ gates: plan.gates, rule, confidence, settings }) },
        ],
        rollout: rolloutRecord(plan.gates, { ...settings, ...result, steps: settings.steps }),
      }),
    ),
  );
}

const slowly = (place: MemoryPlace): void => {
  place.load = 2;
};
const silently = (place: MemoryPlace): void => {
  place.outage = { problem: "outage", detail: "\u0000 no" };
};

const replay = (text: string) => replayStatement(readStatement(text, "evidence.json"), "evidence.json");

let good: string;
beforeAll(async () => {
  good = await evidenceOf(scored);
});

/** The statement with its figures changed. */
// biome-ignore lint/suspicious/noExplicitAny: a file that somebody edited
function edited(change: (figures: any, predicate: any) => void, text = good): string {
  const statement = JSON.parse(text);
  change(statement.predicate[figuresField], statement.predicate);
  return JSON.stringify(statement);
}

describe("a replay", () => {
  it.each([
    ["promoted", scored, {}, () => {}, "PASSED", ["passed", "passed", "passed"]],
    ["refuted", { ...scored, errors: 0.1 }, {}, () => {}, "FAILED", ["refuted"]],
    ["refuted by its scores", { ...scored, scores: { mean: 1, sd: 1 } }, {}, () => {}, "FAILED", ["refuted"]],
    ["out of time", scored, {}, slowly, "WARNED", ["timed-out"]],
    ["a gate that nothing can prove", healthy, {}, () => {}, "WARNED", ["timed-out"]],
    ["held", scored, { onInconclusive: "hold" as const }, slowly, "WARNED", ["timed-out"]],
    ["short of samples", scored, { minSamples: 1e6 }, () => {}, "WARNED", ["timed-out"]],
    ["without counts", scored, {}, silently, "WARNED", ["timed-out"]],
  ])("of a rollout that was %s gives the same", async (_, behaviour, change, set, result, ends) => {
    const text = await evidenceOf(behaviour, change, set);
    const replayed = replay(text);
    expect(replayed.gates.flatMap(({ differences }) => differences)).toEqual([]);
    expect(replayed).toMatchObject({ same: true, differences: [] });
    expect(JSON.parse(text).predicate.result).toBe(result);
    expect(
      JSON.parse(text).predicate[figuresField].rollout.phases.map((p: { ended: string }) => p.ended),
    ).toEqual(ends);
  });

  it("of a rollout with a bake, an outage and a counter that fell gives the same", async () => {
    let looks = 0;
    const text = await evidenceOf(
      scored,
      { bakeMs: 60_000 },
      () => {},
      (event) => {
        looks += event.kind === "observed" ? 1 : 0;
      },
    );
    expect(replay(text).same).toBe(true);
    const restarting = await evidenceOf(scored, {}, (place) => {
      const observe = place.observe.bind(place);
      place.observe = async () => {
        const seen = await observe();
        looks++;
        if (looks % 7 === 0) return { at: seen.at, ok: false, problem: "outage", detail: "refused" };
        if (!seen.ok || looks < 12) return seen;
        const { requests, ...rest } = seen.candidate;
        return { ...seen, candidate: { ...rest, requests: requests - (looks < 14 ? 0 : 100) } };
      };
    });
    expect(replay(restarting).gates.flatMap(({ differences }) => differences)).toEqual([]);
    expect(replay(restarting).same).toBe(true);
  });
});

describe("a statement that was edited", () => {
  it.each<[string, Parameters<typeof edited>[0], RegExp]>([
    [
      "a count of errors",
      (f) => (f.rollout.windows.looks[1][2][1] += 40),
      /error_rate.*observed is claimed/s,
    ],
    ["a count of requests", (f) => (f.rollout.windows.looks[1][2][0] += 1), /n is claimed as/],
    ["a bucket of latency", (f) => (f.rollout.windows.looks[2][2][3][2] += 60), /e-values|observed|interval/],
    ["a bucket of scores", (f) => (f.rollout.windows.looks[2][1][4][2] += 60), /score_drift|observed/],
    [
      "a look left out",
      (f) => {
        f.rollout.windows.looks.splice(2, 1);
        f.rollout.phases.at(-1).looks--;
      },
      /e-values/,
    ],
    ["a verdict's value", (f) => (f.verdicts[0].observed = 0), /observed is claimed as 0/],
    ["a bound", (f) => (f.verdicts[0].bound += 0.001), /bound is claimed/],
    ["an interval", (f) => (f.verdicts[0].interval[1] /= 2), /interval's high end/],
    ["an e-value", (f) => (f.rollout.wealth[1].points[3][1] += 1), /e-values of window 4/],
    ["e-values left out", (f) => f.rollout.wealth.pop(), /another gate, or none/],
    ["the confidence", (f) => (f.confidence = 0.9), /digest|interval/],
    ["the rule", (f) => (f.rule = "refute"), /digest/],
    [
      "a gate made laxer",
      (f, p) => {
        f.verdicts[0].gate = p.passedTests[0] = "error_rate <= baseline + 0.02";
      },
      /digest/,
    ],
    ["fewer samples asked for", (f) => (f.rollout.minSamples = 5), /digest/],
    [
      "a phase that never passed",
      (f) => (f.rollout.phases[0].looks = 1),
      /is said to be passed, but .* has not passed/,
    ],
    [
      "a phase timed out that was not",
      (f) => (f.rollout.phases[2].ended = "timed-out"),
      /it took \d+ of 600000 ms.*nothing was missing/s,
    ],
    ["a refutation that never was", (f) => (f.rollout.phases[2].ended = "refuted"), /no gate is refuted/],
    ["a rollout cut off in the middle", (f) => f.rollout.phases.splice(0), /the last phase is missing/],
  ])("by %s is found out", (_, change, expected) => {
    const replayed = replay(edited(change));
    expect(replayed.same).toBe(false);
    const all = [
      ...replayed.gates.flatMap(({ gate, differences }) => differences.map((text) => `${gate}: ${text}`)),
      ...replayed.phases.flatMap(({ differences }) => differences),
      ...replayed.differences,
    ];
    expect(all.join("\n")).toMatch(expected);
  });

  it("to hide a refutation as an interruption is found out", async () => {
    const failed = await evidenceOf({ ...scored, errors: 0.1 });
    expect(
      replay(edited((f) => (f.rollout.phases[0].ended = "interrupted"), failed)).phases[0]?.differences,
    ).toEqual([expect.stringContaining("error_rate <= baseline + 0.01 is refuted")]);
  });

  it.each<[string, Parameters<typeof edited>[0], string, RegExp]>([
    [
      "evidence of another kind",
      (f) => (f.kind = "eval"),
      "not-replayable",
      /evidence of eval, which is judged once/,
    ],
    ["an older statement", (f) => delete f.rollout, "not-replayable", /written by a version/],
    [
      "windows not kept",
      (f) => {
        f.rollout.windows = null;
        f.rollout.notKept = "too\nmany";
      },
      "not-replayable",
      /keeps no counts: too many/,
    ],
    [
      "a gate that is none",
      (f, p) => {
        f.verdicts[0].gate = p.passedTests[0] = "rm -rf /";
      },
      "malformed",
      /is of no gate/,
    ],
    [
      "a bucket too many",
      (f) => f.rollout.windows.looks[0][2][3].push(-1e15),
      "malformed",
      /looks\[0\] has a histogram/,
    ],
    [
      "bounds that there are none of",
      (f) => (f.rollout.windows.looks[0][2][3][0] = 77),
      "malformed",
      /looks\[0\] has/,
    ],
    ["a negative count", (f) => (f.rollout.windows.looks[0][2][0] = -1), "malformed", /looks/],
    [
      "a look that is none",
      (f) => (f.rollout.windows.looks[0] = [1, "holiday", ""]),
      "malformed",
      /looks\[0\]/,
    ],
    [
      "phases beyond the looks",
      (f) => (f.rollout.phases[0].looks = 1e6),
      "malformed",
      /phases\[0\] has looks 1 to 1000001/,
    ],
    ["phases that overlap", (f) => (f.rollout.phases[1].firstLook = 0), "malformed", /phases\[1\]/],
  ])("into %s is refused", (_, change, code, message) => {
    try {
      replay(edited(change));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(EvidenceError);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    }
  });
});

describe("a statement with anything anywhere", () => {
  /** Every place in a value, as the path to it. */
  function placesIn(value: unknown, path: string[] = []): string[][] {
    if (typeof value !== "object" || value === null) return [path];
    return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
  }

  it("is replayed or refused with one clear error, never a crash", () => {
    const places = placesIn(JSON.parse(good).predicate[figuresField]).slice(1);
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(0, -1, 0.5, 1e15, 1e308, "?", "__proto__", [], {}, null),
    );
    fc.assert(
      fc.property(fc.nat(places.length - 1), anything, (which, value) => {
        const text = edited((figures) => {
          const path = places[which] as string[];
          const holder = path.slice(0, -1).reduce((inner, key) => inner[key], figures);
          holder[path.at(-1) as string] = value;
        });
        try {
          replay(text);
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});

describe("the replay program", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "replay-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function run(text: string | null): Promise<{ code: number; stdout: string; stderr: string }> {
    const file = join(directory, "evidence.json");
    if (text !== null) await writeFile(file, text);
    const program = join(import.meta.dirname, "programs/replay.ts");
    const args = [program, text === null ? join(directory, "gone.json") : file];
    return promisify(execFile)(process.execPath, args).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
    );
  }

  it("prints every gate as recorded and as replayed, and exits 0 when they agree", async () => {
    const { code, stdout } = await run(good);
    expect(code).toBe(0);
    expect(stdout.match(/^same {7}/gm)).toHaveLength(4 + 3);
    expect(stdout).toMatch(/recorded pass: .*\n +replayed pass: /);
    expect(stdout).toContain("The counts give what is claimed.");
  });

  it("exits 1 with what differs, and 2 with one clear error for what cannot be replayed", async () => {
    const tampered = await run(edited((f) => (f.rollout.windows.looks[1][2][1] += 40)));
    expect(tampered.code).toBe(1);
    expect(tampered.stdout).toMatch(/DIFFERENT {2}error_rate/);
    for (const text of [null, "", "{", "[]", '{"predicateType": 3}', edited((f) => (f.kind = "shadow"))]) {
      const { code, stderr } = await run(text);
      expect(code).toBe(2);
      expect(stderr).not.toMatch(/ at .*\.ts:\d+/);
    }
  });
});
