/**
 * An image as baseline. Its model is run on the same rows where it can be had: then candidate and baseline are compared
 * row by row, and what the rows have in common cancels out of the difference, which no two figures from two runs can
 * give. Its signed evidence is read beside it, to be held against what is measured, or instead of it. Figures that
 * nobody signed for, or somebody else, are never a baseline.
 */
import { existsSync } from "node:fs";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import type { Release } from "@ml-actions/rollout/target";
import { type OpenedImage, openImage, releaseOf } from "../../image-release.ts";
import type { Baseline, Mode } from "./baseline.ts";
import type { EvalGateInputs, EvalGateOutputs } from "./definition.ts";
import { type Model, modelOf } from "./models.ts";
import { readSignedFigures } from "./signed-evidence.ts";
import { figuresOfModel, type SignedFigures } from "./signed-figures.ts";

type Context = ActionContext<EvalGateOutputs>;

export interface ImageSubject {
  reference: string;
  /** The release as the target keeps it; null for an image that runs elsewhere. */
  kept: Release | null;
}

/** A value, or why it could not be had. */
type Attempt<Value> = { value: Value } | { problem: Error };

/** @throws UserError when neither its model nor verified evidence can be had */
export async function imageBaseline(
  { reference, kept }: ImageSubject,
  inputs: EvalGateInputs,
  context: Context,
  mode: Mode,
): Promise<Baseline> {
  const place = { log: context.log, input: "baseline" };
  let opening: Promise<OpenedImage> | undefined;
  // Not before it is needed: what the target keeps is compared with also when the registry is gone.
  const open = () => {
    opening ??= openImage(reference, inputs, place);
    return opening;
  };
  const model = mode === "run" ? await attempt(() => modelFrom(kept, open, context)) : null;
  const isTrusted = inputs.key !== undefined || inputs.identity !== undefined;
  const signed = isTrusted ? await attempt(async () => readSignedFigures(await open(), inputs)) : null;
  if (model !== null && "value" in model) return comparedByRow(model.value, signed, reference, context);
  if (signed !== null && "value" in signed) return comparedByFigures(signed.value, kept, model, context);
  throw nothingToCompareWith(reference, model, signed);
}

async function attempt<Value>(work: () => Promise<Value>): Promise<Attempt<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    // What is not the reader's to mend is a bug, here as elsewhere.
    if (error instanceof Error && "remedy" in error) return { problem: error };
    throw error;
  }
}

async function modelFrom(
  kept: Release | null,
  open: () => Promise<OpenedImage>,
  { directory }: Context,
): Promise<Model> {
  if (kept !== null && existsSync(kept.model.uri) && existsSync(kept.model.contract)) return modelOf(kept);
  return modelOf(await releaseOf(await open(), directory));
}

function comparedByRow(
  model: Model,
  signed: Attempt<SignedFigures> | null,
  reference: string,
  { log }: Context,
): Baseline {
  if (signed === null) {
    log.info(`The evidence of ${reference} is not read: neither \`key\` nor \`identity\` says who signs it.`);
  }
  if (signed === null || "value" in signed) {
    return { kind: "model", model, signed: signed?.value ?? null, notes: [] };
  }
  const note = `The evidence of the baseline could not be held against its figures here: ${signed.problem.message}`;
  log.warning(note);
  return { kind: "model", model, signed: null, notes: [note] };
}

function comparedByFigures(
  signed: SignedFigures,
  kept: Release | null,
  model: Attempt<Model> | null,
  { log }: Context,
): Baseline {
  const why =
    model === null || "value" in model ? "" : ` Its model could not be run: ${model.problem.message}`;
  const from = signed.dataset === null ? "an unknown dataset" : signed.dataset.name;
  const note = `The baseline's figures are those of its evidence, signed by ${signed.signer}, measured on ${from}: they are taken as exact, and no row is compared with its like.${why}`;
  log.warning(note);
  const label = kept?.label ?? signed.label;
  return { kind: "metrics", label, metrics: figuresOfModel(signed), signed, notes: [note] };
}

function nothingToCompareWith(
  reference: string,
  model: Attempt<Model> | null,
  signed: Attempt<SignedFigures> | null,
): UserError {
  const problems = [model, signed].flatMap((tried) =>
    tried !== null && "problem" in tried ? [tried.problem] : [],
  );
  const remedies = problems.map((problem) => ("remedy" in problem ? String(problem.remedy) : ""));
  const reasons = [
    model === null
      ? "predictions are judged, so its model is not run"
      : `its model cannot be run: ${problems[0]?.message}`,
    signed === null
      ? "its evidence is not believed, as neither `key` nor `identity` says who signs it"
      : `its evidence is no baseline: ${problems.at(-1)?.message}`,
  ];
  if (signed === null) remedies.push("Give `key` or `identity`: who signs the evidence of the baseline.");
  return new UserError(
    `baseline: there is nothing to compare with in ${reference}:\n  - ${reasons.join("\n  - ")}`,
    { remedy: remedies.join("\n"), cause: problems[0] },
  );
}
