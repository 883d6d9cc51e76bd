/** What a canary's statement keeps beside its verdicts, so that they can be reached again from it. */
import type { Gate, Observation } from "@ml-actions/gates/types";
import { z } from "zod";
import { packWindows, windowsSchema } from "./windows.ts";

/** A statement is read up to 16 MiB; the verdicts and the e-values need a small part of it. */
const largestWindowsBytes = 12 * 1024 * 1024;
/** E-values are kept to so many digits, and up to so many nats: both say "proven" long before. */
const wealthDigits = 4;
const mostNats = 1e6;

const timeMs = z.number().nonnegative();
const percent = z.number().min(0).max(100);

const phase = z.object({
  name: z.enum(["step", "bake"]),
  weight: percent,
  from: z.number(),
  to: z.number(),
  firstLook: z.int().nonnegative(),
  looks: z.int().nonnegative(),
  ended: z.enum(["passed", "refuted", "timed-out", "interrupted"]),
});

const wealth = z.object({
  gate: z.string().max(5000),
  needed: z.object({ pass: z.number(), fail: z.number() }),
  /** Each window: milliseconds since the one before (the first: since `windows.start`), ln e-value against the gate,
   * ln e-value for it. */
  points: z.array(z.tuple([z.number(), z.number(), z.number()])).max(1_000_000),
});

export const rolloutSchema = z.object({
  steps: z.array(percent).max(100),
  minSamples: z.int().positive(),
  stepTimeoutMs: timeMs,
  bakeMs: timeMs,
  phases: z.array(phase).max(200),
  /** null: not kept, and `notKept` says why. */
  windows: windowsSchema.nullable(),
  notKept: z.string().max(1000).optional(),
  wealth: z.array(wealth),
});

export type RolloutRecord = z.output<typeof rolloutSchema>;
export type RecordedPhase = z.output<typeof phase>;
export type PackedWealth = z.output<typeof wealth>;

/** A rollout as `@ml-actions/rollout` reports it. Times in milliseconds since 1970. */
export interface RolloutFacts {
  steps: readonly number[];
  minSamples: number;
  stepTimeoutMs: number;
  bakeMs: number;
  phases: readonly RecordedPhase[];
  observations: readonly Observation[];
  wealth: readonly GateWealth[];
}

export interface GateWealth {
  gate: string;
  needed: { pass: number; fail: number };
  points: readonly { at: number; fail: number; pass: number }[];
}

/** All looks or none: with some of them thinned out, no verdict could be reached again. */
export function rolloutRecord(gates: readonly Gate[], facts: RolloutFacts): RolloutRecord {
  const { steps, minSamples, stepTimeoutMs, bakeMs, phases, observations } = facts;
  const windows = packWindows(gates, observations);
  const bytes = JSON.stringify(windows).length;
  const plan = { steps: [...steps], minSamples, stepTimeoutMs, bakeMs, phases: [...phases] };
  if (bytes > largestWindowsBytes) {
    const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
    const notKept = `the counts of ${observations.length} looks take ${size}, at most 12 MiB are kept: look less often`;
    return { ...plan, windows: null, notKept, wealth: [] };
  }
  return { ...plan, windows, wealth: facts.wealth.map((one) => packWealth(one, windows.start)) };
}

export function packWealth({ gate, needed, points }: GateWealth, start: number): PackedWealth {
  let last = start;
  return {
    gate,
    needed,
    points: points.map(({ at, fail, pass }) => {
      const elapsed = at - last;
      last = at;
      return [elapsed, rounded(fail), rounded(pass)];
    }),
  };
}

function rounded(nats: number): number {
  return Number(Math.min(mostNats, Math.max(-mostNats, nats)).toPrecision(wealthDigits));
}
