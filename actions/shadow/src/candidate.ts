/** The releases that are compared, with their model and contract on this machine. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import { OciError } from "@ml-actions/oci/errors";
import { releaseFromModel } from "@ml-actions/rollout/release";
import type { Release } from "@ml-actions/rollout/target";
import type { Contract } from "@ml-actions/serving/contract";
import { loadContract } from "@ml-actions/serving/load-contract";
import { openImage, releaseOf } from "../../image-release.ts";
import { targetOf } from "../../target-inputs.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";

type Context = ActionContext<ShadowOutputs>;

/** @throws OciError, ServingError when there is no such image, or it holds no sound model */
export async function candidateRelease(inputs: ShadowInputs, context: Context): Promise<Release> {
  const { candidate } = inputs;
  if (candidate.kind === "file") return releaseFromModel(candidate.path);
  return fromImage(candidate.reference, inputs, context, "candidate");
}

/** A release of a cluster, whose files lie in its image. On `local` they are here already.
 * @throws OciError code `image` when `build` did not make the image */
export async function withFiles(stable: Release, inputs: ShadowInputs, context: Context): Promise<Release> {
  if (targetOf(inputs) === "local" || stable.image === undefined) return stable;
  const { model } = await fromImage(stable.image, inputs, context, "resource");
  return { ...stable, model };
}

/** null: its image was made by others, and nothing says what its answers mean. */
export async function contractOf(
  stable: Release,
  inputs: ShadowInputs,
  context: Context,
): Promise<Contract | null> {
  try {
    return await loadContract((await withFiles(stable, inputs, context)).model.contract);
  } catch (error) {
    if (error instanceof OciError && error.code === "image") return null;
    throw error;
  }
}

async function fromImage(
  reference: string,
  inputs: ShadowInputs,
  context: Context,
  input: string,
): Promise<Release> {
  const image = await openImage(reference, inputs, { log: context.log, input });
  context.signal.throwIfAborted();
  return releaseOf(image, context.directory);
}
