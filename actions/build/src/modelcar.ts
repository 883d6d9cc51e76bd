/** The model alone, for KServe. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import { buildModelcar as build } from "@ml-actions/oci/image";
import { factsOf, openBase, type Parts } from "./appended.ts";
import type { BuildOutputs } from "./definition.ts";
import { openDestination } from "./destination.ts";

export interface Modelcar {
  /** By digest. */
  reference: string;
  digest: string;
  /** What an InferenceService's `storageUri` takes. */
  uri: string;
}

/** @param base the reference of its base, or `scratch` */
export async function buildModelcar(
  { inputs, model, run, tag }: Parts,
  base: string,
  context: ActionContext<BuildOutputs>,
): Promise<Modelcar> {
  const { store, place, tagSuffix } = await openDestination(inputs, context.directory, "-modelcar");
  const { digest } = await build({
    base: base === "scratch" ? null : await openBase(base, inputs),
    platforms: inputs.platforms,
    model: { path: model.path, digest: model.digest },
    contract: model.contractFile.bytes,
    facts: factsOf(inputs, model, run),
    store,
    tag: `${tag}${tagSuffix}`,
  });
  const reference = `${place}@${digest}`;
  context.output("modelcar", reference);
  context.log.info(`Modelcar: ${reference}`);
  // Without a shell inside, KServe can mount the image but not run it.
  const scheme = base === "scratch" ? "oci+native" : "oci";
  return { reference, digest, uri: place.startsWith("oci:") ? reference : `${scheme}://${reference}` };
}
