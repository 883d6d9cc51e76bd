/** What every picture of an evaluation is made from, and what it says of rows that are not in it. */
import type { Verdict } from "@ml-actions/gates/types";
import type { LabelledScores } from "../data/rows.ts";
import { count, counted } from "../figures.ts";
import type { EvaluationReportInput, ModelMetrics } from "../inputs.ts";
import type { Figure } from "../plots/canvas.ts";
import { html } from "./markup.ts";

export interface Labels {
  candidate: string;
  baseline: string;
}

/** What was found out about the rows, beside the rows themselves. */
export interface Judged {
  verdicts: readonly Verdict[];
  metrics: ModelMetrics;
  confidence: number;
  comparison?: EvaluationReportInput["comparison"];
  /** Both models answered the same live requests: how they differ matters, labels or none. */
  bothSides?: boolean;
}

/** Says how many rows are not in the picture, and why. */
export function withLeftOut(figure: Figure, ours: LabelledScores, theirs: LabelledScores | null): Figure {
  const left = [ours.left, theirs?.left ?? 0] as const;
  const unusable =
    left[0] + left[1] === 0
      ? ""
      : ` Left out because the answer was no number: ${count(left[0])} of the candidate, ${count(left[1])} of the baseline.`;
  const unlabelled =
    ours.unlabelled === 0 ? "" : ` ${counted(ours.unlabelled, "row")} without a label left out.`;
  return { ...figure, caption: html`${figure.caption}${unusable}${unlabelled}` };
}
