/** Whether evidence is from the time that it should be from. */
import type { Signed } from "../signing.ts";
import type { Reading, Refusal } from "./reading.ts";
import { spanText } from "./span.ts";

/** What clocks of runners, of a timestamp authority and of this machine may differ by. */
const clockSkewMs = 5 * 60_000;

export interface Times {
  /** By a log or timestamp authority; null for a key. */
  signedAt: Signed["signedAt"];
  finishedAt: Reading["finishedAt"];
}

/** When it was judged: by its own word, which is the signer's; signing old evidence anew does not make it young. */
export function judgedAt({ signedAt, finishedAt }: Times): number | null {
  if (signedAt === null || finishedAt === null) return finishedAt ?? signedAt;
  return Math.min(signedAt, finishedAt);
}

export function ageMs(times: Times, now: number): number | null {
  const at = judgedAt(times);
  return at === null ? null : Math.max(0, now - at);
}

/** @param maxAgeMs null: any age, but never from the future */
export function timeRefusal(times: Times, maxAgeMs: number | null, now: number): Refusal | null {
  const { signedAt, finishedAt } = times;
  const remedy = "Set the clock of the machine that is wrong, and judge again.";
  if (signedAt !== null && finishedAt !== null && finishedAt > signedAt + clockSkewMs) {
    return { reason: `It says it finished ${spanText(finishedAt - signedAt)} after it was signed.`, remedy };
  }
  const latest = Math.max(signedAt ?? -Infinity, finishedAt ?? -Infinity);
  if (latest > now + clockSkewMs) {
    return { reason: `It is from the future, by ${spanText(latest - now)}.`, remedy };
  }
  if (maxAgeMs === null) return null;
  const age = ageMs(times, now);
  if (age === null) {
    return {
      reason: `Nothing tells how old it is; the policy allows ${spanText(maxAgeMs)}.`,
      remedy: "Judge it again with a version that writes when it finished, or sign it without a key.",
    };
  }
  if (age <= maxAgeMs) return null;
  return {
    reason: `It is ${spanText(age)} old; the policy allows ${spanText(maxAgeMs)}.`,
    remedy: "Run the step that writes it once more, and sign what it writes.",
  };
}
