/** Whether answers of both sides can be joined at all: what never can is said early, and not when the time is over. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Side } from "./join.ts";
import type { ShadowRun } from "./shadow-run.ts";

/** So many answers without one that fits are no chance. */
const enough = 20;
/** A log is written several times a second, and read through two servers. */
const patienceMs = 15_000;

/**
 * @param seen answers read from each side's log
 * @param elapsedMs since requests are copied
 * @throws UserError when stable logs no predictions, or no request has one id on both sides
 */
export function assertComparable(
  { stable, counts, tally }: ShadowRun,
  seen: Readonly<Record<Side, number>>,
  elapsedMs: number,
): void {
  if (elapsedMs < patienceMs) return;
  const answered = counts.ok ? counts.stable.requests - counts.stable.errors : 0;
  if (seen.stable === 0 && answered >= enough) {
    throw new UserError(
      `${stable.label} has answered ${answered} requests and logged no prediction: there is nothing to compare the candidate's answers with.`,
      {
        remedy:
          "Set PREDICTION_LOG=/dev/stdout in its container, or let the action `deploy` put the release there, which does. It must be the server that `build` puts into images, or log the same lines.",
      },
    );
  }
  const joined = tally.compared + tally.duplicates + tally.differingInputs;
  if (joined === 0 && Math.min(seen.stable, seen.candidate) >= enough) {
    throw new UserError(
      `Stable logged ${seen.stable} answers and the candidate ${seen.candidate}, and no request has the same id on both sides: neither callers nor the gateway give requests an \`x-request-id\`, so that each server makes one of its own.`,
      {
        remedy:
          "Let the gateway make request ids (Envoy does by default: `requestID` of its ClientTrafficPolicy, or `generateRequestId` of its mesh), or let callers send the header `x-request-id`.",
      },
    );
  }
}
