/** A candidate that KServe loads by itself: the InferenceService's file is read, and a model's evidence is verified by the
 * digest of the model. */
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { type KserveSpec, readKserveSpec } from "@ml-actions/rollout/kserve/spec";
import type { Release } from "@ml-actions/rollout/target";
import { trustInputs } from "../../trust-inputs.ts";
import type { CandidateSource } from "./candidate-source.ts";
import type { DeployInputs, DeployOutputs } from "./definition.ts";
import { proven } from "./proven.ts";

type Context = ActionContext<DeployOutputs>;
type Model = Extract<CandidateSource, { kind: "model" }>;

/**
 * What the file says shall serve: a model at an address, or an image.
 *
 * @throws UserError when the file is of another InferenceService than `resource` names, or does not say the model's
 *   digest; RolloutError with everything that is wrong with it
 */
export async function sourceInSpec(
  path: string,
  { resource, namespace }: Pick<DeployInputs, "resource" | "namespace">,
): Promise<Model | { kind: "image"; reference: string }> {
  const where = relative(process.cwd(), path) || path;
  const spec = readKserveSpec(await readFile(path, "utf8"), where);
  const meant = resource.form === "selected" ? null : resource.name;
  if (spec.name !== meant)
    throw new UserError(
      `candidate: ${where} is of inferenceservice/${spec.name}, and resource is \`${resource.text}\`.`,
      { remedy: `Write resource: inferenceservice/${spec.name}, or give the file of that one.` },
    );
  if (spec.namespace !== null && namespace !== undefined && spec.namespace !== namespace)
    throw new UserError(
      `candidate: ${where} is of namespace ${spec.namespace}, and namespace is \`${namespace}\`.`,
      { remedy: "Correct one of them." },
    );
  if (spec.serves.kind === "image") return { kind: "image", reference: spec.serves.image };
  return { kind: "model", storageUri: spec.serves.storageUri, digest: digestOf(spec, where) };
}

function digestOf({ modelDigest }: KserveSpec, where: string): string {
  if (modelDigest !== null) return modelDigest;
  throw new UserError(`candidate: ${where} does not say which model lies at its storageUri.`, {
    remedy: "Add the annotation ml-actions.github.io/model-digest: sha256:<of the model's file>.",
  });
}

/**
 * The release of a model at an address, after its evidence was verified.
 *
 * @throws NegativeVerdict when the model does not carry the evidence that it needs; OciError, EvidenceError, UserError
 *   when that cannot be found out
 */
export async function verifiedModel(
  { storageUri, digest }: Model,
  inputs: DeployInputs,
  context: Context,
): Promise<Release> {
  const repository = inputs["evidence-repository"];
  if (repository === undefined)
    throw new UserError("evidence-repository: is missing: nothing says where the model's evidence lies.", {
      remedy: "Give the repository in which `sign` (input `model`) put it: ghcr.io/org/flights.",
    });
  const { verifyModel } = await import("../../verify-image.ts");
  const verified = await proven(
    await verifyModel({ repository, digest }, ofModels(inputs), context),
    context,
  );
  return {
    digest,
    label: labelOf(storageUri),
    // Its runtime knows no contract of ours.
    model: { digest, uri: storageUri, contract: "unknown" },
    verified,
  };
}

/** Nobody builds or scans a model without an image: it has been judged. */
function ofModels(inputs: DeployInputs): DeployInputs {
  const usual = trustInputs.require.parse(undefined);
  return inputs.require.join() === usual.join() ? { ...inputs, require: ["eval"] } : inputs;
}

/** `flights/1.2` of `s3://models/flights/1.2/`. */
function labelOf(storageUri: string): string {
  const parts = storageUri
    .replace(/^[^:]+:\/\//, "")
    .split("/")
    .filter(Boolean);
  return parts.slice(-2).join("/").slice(0, 200);
}
