import type { PhaseResult } from "./runner.ts";

/** The error annotations, one string each. */
export function errorsOf(done: PhaseResult): string[] {
  return done.annotations.filter(({ level }) => level === "error").map(({ message }) => message);
}
