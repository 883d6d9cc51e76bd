/** Reaches a canary's verdicts again, from the counts that its statement keeps. */
import { Judge } from "@ml-actions/gates/judge";
import { GateSyntaxError, parseGate } from "@ml-actions/gates/language";
import type { Gate, Observation } from "@ml-actions/gates/types";
import { configurationDigest } from "./configuration.ts";
import { EvidenceError } from "./error.ts";
import { type GateResult, gateResultOf } from "./figures.ts";
import { shown } from "./read-json.ts";
import { whatIsWrongWith } from "./replay-phases.ts";
import { type PackedWealth, packWealth, type RolloutRecord } from "./rollout-record.ts";
import { figuresField, type TestResultStatement } from "./statement.ts";
import { unpackWindows } from "./windows.ts";

export interface GateReplay {
  gate: string;
  recorded: GateResult;
  replayed: GateResult;
  /** What the statement claims that the counts in it do not bear out; empty: nothing. */
  differences: string[];
}

export interface Replay {
  gates: GateReplay[];
  looks: number;
  phases: { text: string; differences: string[] }[];
  /** Of the statement as a whole. */
  differences: string[];
  /** The counts bear out all that the statement claims. */
  same: boolean;
}

/** Doubles differ in their last digits between machines whose `exp` and `log` do. */
const relativeTolerance = 1e-6;
/** Four digits are kept of an e-value. */
const wealthTolerance = 1e-3;

/**
 * Judges the recorded counts anew, by the recorded gates, rule and confidence, and compares what comes out with what
 * the statement claims: every gate's verdict and figures, its e-values after every window, why each phase ended, the
 * result, and that gates and settings are those of the configuration's digest.
 *
 * @param place how to name it in an error
 * @throws EvidenceError `not-replayable` for evidence without windows, `malformed` for windows that cannot be
 */
export function replayStatement({ predicate }: TestResultStatement, place: string): Replay {
  const { kind, rule, confidence, verdicts, rollout } = predicate[figuresField];
  if (kind !== "canary") throw withoutWindows(place, `is evidence of ${kind}, which is judged once, on rows`);
  if (rollout === undefined)
    throw withoutWindows(place, "keeps no counts: it was written by a version that kept none");
  if (rollout.windows === null)
    throw withoutWindows(place, `keeps no counts: ${shown(rollout.notKept ?? "it does not say why", 300)}`);
  const gates = verdicts.map(({ gate }, index) => gateOf(gate, `${place}: verdict ${index + 1}`));
  const observations = unpackWindows(rollout.windows);
  if (typeof observations === "string") throw malformed(`${shown(place)}: ${observations}.`);
  const judge = new Judge(gates, { rule, confidence });
  const phases = replayPhases(rollout, observations, judge, place);
  const replayed = judge.verdicts().map(gateResultOf);
  const wealth = judge.wealth().map((one) => packWealth(one, rollout.windows?.start ?? 0));
  const compared = verdicts.map((recorded, index): GateReplay => {
    const now = replayed[index] as GateResult;
    const differences = [
      ...differencesOf(recorded, now),
      ...wealthDifferences(rollout.wealth[index], wealth[index]),
    ];
    return { gate: recorded.gate, recorded, replayed: now, differences };
  });
  const differences = claimsOf(predicate, gates, rollout);
  const same = [...compared, ...phases, { differences }].every((part) => part.differences.length === 0);
  return { gates: compared, looks: observations.length, phases, differences, same };
}

function withoutWindows(place: string, why: string): EvidenceError {
  return new EvidenceError(
    "not-replayable",
    `${shown(place)} cannot be replayed: it ${why}.`,
    'Give the evidence file of a deploy that judged a candidate (output "evidence").',
  );
}

function malformed(message: string, cause?: unknown): EvidenceError {
  const remedy = "Do not use it: it was edited or written by something else.";
  return new EvidenceError("malformed", message, remedy, { cause });
}

function gateOf(text: string, place: string): Gate {
  try {
    return parseGate(text);
  } catch (cause) {
    if (!(cause instanceof GateSyntaxError)) throw cause;
    throw malformed(`${shown(place)} is of no gate: ${shown(cause.message, 300)}`, cause);
  }
}

/** Feeds the judge, stopping where the statement says that a phase was left. */
function replayPhases(
  rollout: RolloutRecord,
  observations: readonly Observation[],
  judge: Judge,
  place: string,
): Replay["phases"] {
  let next = 0;
  const phases = rollout.phases.map((phase, index) => {
    const end = phase.firstLook + phase.looks;
    if (phase.firstLook < next || end > observations.length) {
      throw malformed(
        `${shown(place)}: phases[${index}] has looks ${phase.firstLook} to ${end}, expected some between ${next} and ${observations.length}.`,
      );
    }
    const before = observations.slice(0, phase.firstLook);
    for (; next < end; next++) judge.look(observations[next] as Observation);
    const differences = whatIsWrongWith(phase, rollout, before, observations.slice(0, end), judge.verdicts());
    return { text: `${phase.name} at ${phase.weight} %, ${phase.looks} looks: ${phase.ended}`, differences };
  });
  for (; next < observations.length; next++) judge.look(observations[next] as Observation);
  return phases;
}

/** The sentences are not compared: a later version may word them better. */
function differencesOf(recorded: GateResult, replayed: GateResult): string[] {
  const fields = ["verdict", "observed", "baseline", "bound", "n"] as const;
  const pairs: [string, unknown, unknown][] = fields.map((name) => [name, recorded[name], replayed[name]]);
  const ends = ["low", "high"].map((name, end): [string, unknown, unknown] => [
    `interval's ${name} end`,
    recorded.interval?.[end] ?? null,
    replayed.interval?.[end] ?? null,
  ]);
  return [...pairs, ...ends]
    .filter(([, claimed, found]) => !alike(claimed, found, relativeTolerance))
    .map(
      ([name, claimed, found]) =>
        `${name} is claimed as ${String(claimed)}, the counts give ${String(found)}`,
    );
}

function alike(left: unknown, right: unknown, tolerance: number): boolean {
  return typeof left === "number" && typeof right === "number"
    ? Math.abs(left - right) <= tolerance * Math.max(1, Math.abs(left), Math.abs(right))
    : left === right;
}

function wealthDifferences(recorded: PackedWealth | undefined, replayed: PackedWealth | undefined): string[] {
  const claimed = recorded?.points ?? [];
  const found = replayed?.points ?? [];
  if (recorded?.gate !== replayed?.gate) return ["its e-values are those of another gate, or none"];
  if (claimed.length !== found.length)
    return [`${claimed.length} e-values are claimed, the counts give ${found.length}`];
  const index = claimed.findIndex((point, i) =>
    point.some((value, entry) => !alike(value, found[i]?.[entry], wealthTolerance)),
  );
  return index === -1
    ? []
    : [`e-values of window ${index + 1} are claimed as ${claimed[index]}, the counts give ${found[index]}`];
}

function claimsOf(
  predicate: TestResultStatement["predicate"],
  gates: readonly Gate[],
  rollout: RolloutRecord,
): string[] {
  const { rule, confidence } = predicate[figuresField];
  const { steps, minSamples, stepTimeoutMs, bakeMs } = rollout;
  const settings = { steps, minSamples, stepTimeoutMs, bakeMs };
  const digest = configurationDigest({ gates, rule, confidence, settings });
  const differences: string[] = [];
  if (!predicate.configuration.some(({ digest: { sha256 } }) => `sha256:${sha256}` === digest)) {
    differences.push(`gates and settings have the digest ${digest}, which the configuration does not name`);
  }
  const last = rollout.phases.at(-1)?.ended;
  if (predicate.result === "PASSED" && last !== "passed") {
    differences.push(`the result is claimed as PASSED, but the last phase is ${last ?? "missing"}`);
  }
  return differences;
}
