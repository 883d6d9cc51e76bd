import { usualNamesFor } from "../catalog.ts";
import type { Evaluation } from "./evaluation.ts";
import { instrumentFor } from "./measure.ts";
import type { Rows } from "./rows.ts";
import type { Question } from "./slices.ts";

/** Values by metric name, slices as `f1{carrier=UA}`; what cannot be had is left out. */
export type Readings = Record<string, number>;

/** Every metric of the task over all rows, and what the gates ask of slices, of both sides. */
export function readAll(
  questions: readonly Question[],
  all: Rows,
  evaluation: Evaluation,
): { candidate: Readings; baseline: Readings | null } {
  const usual = usualNamesFor({ place: "offline", task: evaluation.task });
  const asked = questions.flatMap(({ gate, metric, rows }) =>
    rows === null || (gate.slice === undefined && usual.includes(gate.metric))
      ? []
      : [{ name: gate.metric, metric, rows }],
  );
  const overall = usual.map((name) => ({ name, metric: name, rows: all }));
  const candidate: [string, number][] = [];
  const baseline: [string, number][] = [];
  for (const { name, metric, rows } of [...overall, ...asked]) {
    const instrument = instrumentFor(name, evaluation.task);
    const ofCandidate = instrument.read(rows.candidate, rows);
    const ofBaseline = rows.baseline && instrument.read(rows.baseline, rows);
    if (ofCandidate.ok) {
      candidate.push([metric, ofCandidate.value]);
    }
    if (ofBaseline?.ok) {
      baseline.push([metric, ofBaseline.value]);
    }
  }
  return { candidate: Object.fromEntries(candidate), baseline: givenOr(baseline, evaluation) };
}

function givenOr(read: [string, number][], { baseline }: Evaluation): Readings | null {
  if (baseline === undefined) {
    return null;
  }
  return "metrics" in baseline ? { ...baseline.metrics } : Object.fromEntries(read);
}
