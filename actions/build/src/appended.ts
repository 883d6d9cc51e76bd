/** The usual way: base, onnxruntime, server, model and contract, layer on layer, without Docker. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import {
  type BuiltImage,
  buildImage,
  droppedVariables,
  type ImageFacts,
  presentLayers,
  type ResolvedBase,
  readBase,
} from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import { findRuntime } from "@ml-actions/serving/runtime";
import { credentialsOf } from "../../registry-inputs.ts";
import type { BuildInputs, BuildOutputs } from "./definition.ts";
import type { Destination } from "./destination.ts";
import type { Model } from "./model.ts";
import type { RunIdentity } from "./run-identity.ts";

export interface MadeImage extends Omit<BuiltImage, "base"> {
  /** null: a Dockerfile named it. */
  base: Base | null;
  dockerfile: Dockerfile | null;
}

export interface Dockerfile {
  digest: string;
  /** What BuildKit fetched for it, as far as it says so. */
  materials: readonly { uri: string; digest: Readonly<Record<string, string>> }[];
}

export interface Base {
  /** As the input has it. */
  given: string;
  /** With its digest: the line to write so that the next build takes the same. */
  pin: string;
  digest: string;
  /** Of Node, where the base's variables say it. */
  nodeVersion: string | null;
}

export interface Parts {
  inputs: BuildInputs;
  model: Model;
  run: RunIdentity;
  destination: Destination;
  tag: string;
}

export async function append(
  { inputs, model, run, destination, tag }: Parts,
  finding: Promise<FoundBase>,
  { log, programs }: ActionContext<BuildOutputs>,
): Promise<MadeImage> {
  const { base, present } = await finding;
  log.info(`Base: ${base.pin}`);
  const dropped = droppedVariables(base);
  if (dropped.length > 0)
    log.info(`Variables of the base that the image does not take over: ${dropped.join(", ")}`);
  const built = await buildImage({
    base,
    platforms: inputs.platforms,
    server: programs.image,
    runtime: (platform) =>
      findRuntime({ inference: programs.inference, platform, onProgress: (line) => log.info(line) }),
    model: model.measured,
    contract: model.contractFile.bytes,
    ...(model.profile === null ? {} : { profile: model.profile.bytes }),
    facts: factsOf(inputs, model, run),
    store: destination.store,
    tag: `${tag}${destination.tagSuffix}`,
    approval: model.proof,
    present,
  });
  const { pin, digest } = base;
  const nodeVersion = nodeVersionOf(base);
  return { ...built, base: { given: inputs.base, pin, digest, nodeVersion }, dockerfile: null };
}

/** A base, and which of its layers are at the destination. */
export interface FoundBase {
  base: ResolvedBase;
  present: ReadonlySet<string>;
}

/** Looks the base up beside all that comes before `append`, which waits for it: a failure of the model is told first. null
 * where a Dockerfile names it. */
export function beginBase(inputs: BuildInputs, { store }: Destination): Promise<FoundBase> | null {
  if (inputs.dockerfile !== undefined) return null;
  const finding = openBase(inputs.base, inputs).then(async (base) => ({
    base,
    present: await presentLayers(base, store),
  }));
  finding.catch(() => {});
  return finding;
}

/** The credentials are the registry's: another registry gets those that Docker has stored for it. */
export async function openBase(reference: string, inputs: BuildInputs): Promise<ResolvedBase> {
  const own = inputs.registry?.split("/")[0] === reference.split("/")[0];
  const { store: source, ...named } = await openStore(reference, own ? credentialsOf(inputs) : {});
  return readBase({ source, ...named }, inputs.platforms);
}

export function factsOf({ name, version }: BuildInputs, { evidence }: Model, run: RunIdentity): ImageFacts {
  const datasetVersion = evidence?.card.dataset?.version ?? null;
  return {
    name,
    version,
    source: run.source.url,
    revision: run.commit,
    ...(datasetVersion === null ? {} : { datasetVersion }),
  };
}

function nodeVersionOf({ platforms }: ResolvedBase): string | null {
  for (const { config } of platforms.values()) {
    for (const line of config.config?.Env ?? []) {
      const version = /^NODE_VERSION=v?(\d+\.\d+\.\d+)$/.exec(line)?.[1];
      if (version !== undefined) return version;
    }
  }
  return null;
}
