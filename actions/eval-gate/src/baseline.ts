/** What the candidate is compared with: another model, the metrics of an earlier run, an image, or what is deployed. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { readMetrics } from "@ml-actions/evidence";
import { findMetric } from "@ml-actions/gates/catalog";
import type { Gate } from "@ml-actions/gates/types";
import { releaseFromModel } from "@ml-actions/rollout/release";
import type { Release } from "@ml-actions/rollout/target";
import { stableAt, stableOf } from "../../local-state.ts";
import { type Place, placesOf } from "../../place.ts";
import { isImage } from "../../release-source.ts";
import { targetOf } from "../../target-inputs.ts";
import type { EvalGateInputs, EvalGateOutputs } from "./definition.ts";
import { type Model, modelOf } from "./models.ts";
import type { SignedFigures } from "./signed-figures.ts";

export type Baseline =
  | {
      kind: "model";
      model: Model;
      /** What its evidence says, to be held against what is measured; null without evidence that could be verified. */
      signed: SignedFigures | null;
      notes: string[];
    }
  | {
      kind: "metrics";
      label: string;
      metrics: Readonly<Record<string, number>>;
      /** The evidence that they are from; null: a file. */
      signed: SignedFigures | null;
      notes: string[];
    };

/** `run`: models answer the rows. `metrics`: predictions were made elsewhere, no model is run. */
export type Mode = "run" | "metrics";

/**
 * @returns null when none is given and no gate asks for one
 * @throws UserError when a gate needs a baseline that is not there, or what is given is none of the kinds
 */
export async function findBaseline(
  inputs: EvalGateInputs,
  context: ActionContext<EvalGateOutputs>,
  mode: Mode,
): Promise<Baseline | null> {
  const { baseline: given, gates } = inputs;
  if (given === undefined) {
    refuseWithout(gates);
    return null;
  }
  if (given === "deployed") return deployed(inputs, context, mode);
  if (isImage(given)) {
    const { imageBaseline } = await import("./image-baseline.ts");
    return imageBaseline({ reference: given, kept: null }, inputs, context, mode);
  }
  const path = resolve(given);
  if (/\.onnx$/i.test(path)) return plainModel(await modelOf(await releaseFromModel(path)));
  if (/\.json$/i.test(path)) {
    const { candidate } = readMetrics(await read(path), given);
    return { kind: "metrics", label: given, metrics: candidate, signed: null, notes: [] };
  }
  throw new UserError(
    `baseline: ${JSON.stringify(given)} is neither an ONNX file, a metrics JSON, an image nor \`deployed\`.`,
    {
      remedy:
        "Give a path that ends in .onnx or .json, an image by digest (`ghcr.io/org/flights@sha256:…`), or the word `deployed`.",
    },
  );
}

const plainModel = (model: Model): Baseline => ({ kind: "model", model, signed: null, notes: [] });

/** A gate against the baseline cannot be judged without one: better said now than after minutes of inference. */
export function refuseWithout(gates: readonly Gate[]): void {
  const comparing = gates.filter(
    (gate) => gate.bound.kind === "baseline" || findMetric(gate.metric)?.comparesModels === true,
  );
  if (comparing.length === 0) return;
  throw new UserError(
    `There is no baseline, but ${comparing.map((gate) => `\`${gate.text}\``).join(", ")} compares with one.`,
    {
      remedy:
        "Give `baseline` (an ONNX file, a metrics JSON, an image or `deployed`), or, for a first release, gates with plain bounds such as `auc >= 0.65`.",
    },
  );
}

async function deployed(
  inputs: EvalGateInputs,
  context: ActionContext<EvalGateOutputs>,
  mode: Mode,
): Promise<Baseline | null> {
  const stable = await stableRelease(inputs, context);
  if (stable === null) {
    refuseWithout(inputs.gates);
    return null;
  }
  const isHere = targetOf(inputs) === "local";
  if (stable.image === undefined && isHere) return plainModel(await modelOf(stable));
  if (stable.image === undefined) {
    throw new UserError(`baseline: ${stable.label} at ${inputs.resource?.text} runs no image by digest.`, {
      remedy: "Deploy an image there (action `deploy`), or give the baseline's ONNX file or image.",
    });
  }
  const { imageBaseline } = await import("./image-baseline.ts");
  // Files that a release names were where it was deployed from: here they may be anybody's.
  const kept = isHere ? stable : null;
  return imageBaseline({ reference: stable.image, kept }, inputs, context, mode);
}

/** Asks the place alone; without `resource` the only one of `local`. */
async function stableRelease(
  inputs: EvalGateInputs,
  context: ActionContext<EvalGateOutputs>,
): Promise<Release | null> {
  const { resource } = inputs;
  if (resource === undefined) return stableOf();
  if (targetOf(inputs) === "local") return stableAt(resource.text);
  const [place] = await placesOf({ ...inputs, resource }, context, "read");
  const opened = await (place as Place).open(context.log);
  try {
    return (await opened.target.read()).stable;
  } finally {
    opened.close();
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new UserError(`baseline: ${path} cannot be read: ${(cause as Error).message}`, {
      remedy: "Give the path of a metrics file that an earlier run wrote (output `metrics`).",
      cause,
    });
  }
}
