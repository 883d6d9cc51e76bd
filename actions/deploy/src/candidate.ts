/** Who wants to serve, and whether it may be tried at all: settled before the target is opened. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import { releaseFromModel } from "@ml-actions/rollout/release";
import type { Release } from "@ml-actions/rollout/target";
import type { DeployInputs, DeployOutputs } from "./definition.ts";
import { proven } from "./proven.ts";

type Context = ActionContext<DeployOutputs>;

/**
 * The release of the input `candidate`, its files on this machine. Of an image, only after its evidence was verified.
 *
 * @throws NegativeVerdict when the image does not carry the evidence that it needs; OciError, EvidenceError, UserError
 *   when that cannot be found out
 */
export async function candidateRelease(inputs: DeployInputs, context: Context): Promise<Release> {
  let { candidate } = inputs;
  if (candidate.kind === "spec" || candidate.kind === "model") {
    const { sourceInSpec, verifiedModel } = await import("./kserve-candidate.ts");
    if (candidate.kind === "spec") {
      candidate = await sourceInSpec(candidate.path, inputs);
      context.log.notice(
        "Of the InferenceService's file, what it serves is rolled out. If anything else in it has changed (resources, replicas, environment), apply that before, as a change of its own.",
      );
    }
    if (candidate.kind === "model") return verifiedModel(candidate, inputs, context);
  }
  if (candidate.kind === "image") return verifiedRelease(candidate.reference, inputs, context);
  const release = await releaseFromModel(candidate.path);
  context.log.notice(
    `${release.label} is deployed from a file, which carries no evidence: nothing was verified. \`build\` and \`sign\` make an image that carries it.`,
  );
  return release;
}

async function verifiedRelease(reference: string, inputs: DeployInputs, context: Context): Promise<Release> {
  const { openImage, releaseOf } = await import("../../image-release.ts");
  const { verifyReference } = await import("../../verify-image.ts");
  const image = await openImage(reference, inputs, { log: context.log, input: "candidate" });
  context.output("image", image.reference);
  const verified = await proven(await verifyReference(image.reference, inputs, context), context);
  const release = await releaseOf(image, context.directory, verified);
  context.signal.throwIfAborted();
  return release;
}
