/** What is judged: two models run over a dataset, or predictions that were made elsewhere. */
import { basename } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import type { NamedRelease } from "@ml-actions/reports";
import { releaseFromModel } from "@ml-actions/rollout/release";
import { compatible } from "@ml-actions/serving/compatible";
import { type Baseline, findBaseline } from "./baseline.ts";
import { type DatasetFacts, datasetFacts } from "./dataset.ts";
import type { EvalGateInputs, EvalGateOutputs } from "./definition.ts";
import { type Model, modelOf, refuseSame } from "./models.ts";
import { readPredictions } from "./read-predictions.ts";
import { runModels } from "./run-models.ts";
import type { SignedFigures } from "./signed-figures.ts";

export interface Subject {
  evaluation: Evaluation;
  candidate: NamedRelease & { digest: string };
  baseline: NamedRelease | null;
  /** What signed evidence says of the baseline whose figures were measured; null: nothing. */
  signed: SignedFigures | null;
  dataset: DatasetFacts;
  /** What a reader should know beside the figures. */
  notes: string[];
}

type Context = ActionContext<EvalGateOutputs>;

/** Runs candidate and baseline over the dataset. */
export async function fromModels(inputs: EvalGateInputs, context: Context): Promise<Subject> {
  const candidate = await modelOf(await releaseFromModel(inputs.model as string));
  const baseline = await findBaseline(inputs, context, "run");
  const notes = baseline?.kind === "model" ? compare(candidate, baseline.model, context) : [];
  const { evaluation, refused, rows } = await runModels({ candidate, baseline }, inputs, context);
  return {
    evaluation,
    candidate: candidate.release,
    baseline: namedBaseline(baseline),
    signed: baseline?.kind === "model" ? baseline.signed : null,
    dataset: await datasetFacts(inputs.dataset as string, rows),
    notes: [...notes, ...(baseline?.notes ?? []), ...refused],
  };
}

/** Takes the scores from a file. */
export async function fromPredictions(inputs: EvalGateInputs, context: Context): Promise<Subject> {
  const path = inputs.predictions as string;
  const { evaluation, baseline, rows } = await readPredictions(path, inputs, context);
  const dataset = await datasetFacts(path, rows);
  return {
    evaluation,
    candidate: { label: `${basename(path)}: candidate`, digest: dataset.digest },
    baseline: baseline === "column" ? { label: "baseline", digest: null } : namedBaseline(baseline),
    signed: null,
    dataset,
    notes: baseline === null || baseline === "column" ? [] : baseline.notes,
  };
}

/** Refuses a comparison that means nothing; returns what has changed in the contract. */
function compare(candidate: Model, baseline: Model, context: Context): string[] {
  refuseSame(candidate, baseline);
  const { problems, notes } = compatible(baseline.contract, candidate.contract);
  if (problems.length === 0) return notes;
  context.output("verdict", "fail");
  throw new UserError(
    `${candidate.release.label} breaks the contract of ${baseline.release.label}, callers of today would fail:\n  ${problems.map(String).join("\n  ")}`,
    {
      remedy:
        "Keep every input and output that callers use, or deploy the new contract as a resource of its own.",
    },
  );
}

function namedBaseline(baseline: Baseline | null): NamedRelease | null {
  if (baseline === null) return null;
  if (baseline.kind === "model") return baseline.model.release;
  const { label, signed } = baseline;
  return signed === null ? { label, digest: null } : { label, digest: signed.digest, image: signed.image };
}
