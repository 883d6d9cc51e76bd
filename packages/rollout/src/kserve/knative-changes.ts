/** What a rollout in Knative mode writes into the user's predictor, and how it takes it back. Pure. */
import { names } from "../kubernetes/platform.ts";
import { conflict } from "../kubernetes/refusals.ts";
import type { Release } from "../target.ts";
import { change, type Predictor } from "./served.ts";

/** On the predictor while a candidate is in it: what stable had there, as JSON. It comes and goes with a change of the
 * release, and so makes no revision of its own. */
export const predictorBefore = "ml-actions.github.io/predictor-before";

/** A merge patch of a predictor: null removes. */
export type PredictorPatch = { [Field in keyof Predictor]: unknown };

/** The candidate, with no traffic. Both in one write: between two, the newest revision would get all of it. What stable had
 * there goes along, unless it is there from a candidate before. */
export function forCandidate(predictor: Predictor, release: Release, where: string): PredictorPatch {
  const { annotations = {}, ...changed } = change(predictor, release, { where, pausing: false });
  const before = predictor.annotations?.[predictorBefore];
  const kept = holdsCandidate(predictor) && before !== undefined ? before : JSON.stringify(textOf(predictor));
  return {
    ...changed,
    annotations: { ...annotations, [predictorBefore]: kept },
    canaryTrafficPercent: 0,
  };
}

/** A candidate stands in the spec: one that was promoted stays there without the field. */
export function holdsCandidate({ annotations, canaryTrafficPercent }: Predictor): boolean {
  return canaryTrafficPercent !== undefined && annotations?.[predictorBefore] !== undefined;
}

/** Stable's own text, still with no traffic for the newest revision. */
export function backInPlace(predictor: Predictor): PredictorPatch {
  const text = predictor.annotations?.[predictorBefore] ?? "";
  const annotations = { [predictorBefore]: null };
  try {
    const { release, containers, storageUri, env } = JSON.parse(text) as Text;
    return {
      canaryTrafficPercent: 0,
      annotations: { ...annotations, [names.release]: release },
      ...(storageUri === null ? { containers } : { model: { storageUri, env } }),
    };
  } catch {
    throw conflict(
      `The annotation ${predictorBefore} no longer says what the predictor served before: ${JSON.stringify(text.slice(0, 100))}.`,
      "Put the former image or storageUri into the InferenceService by hand, with canaryTrafficPercent: 0, and remove both when it is ready.",
    );
  }
}

interface Text {
  /** The annotation; null: there was none. */
  release: string | null;
  containers: unknown;
  /** null: it serves an image. */
  storageUri: string | null;
  env: unknown;
}

function textOf({ annotations, containers, model }: Predictor): Text {
  return {
    release: annotations?.[names.release] ?? null,
    ...(model === undefined
      ? { containers: containers ?? null, storageUri: null, env: null }
      : { containers: null, storageUri: model.storageUri ?? null, env: model.env ?? null }),
  };
}
