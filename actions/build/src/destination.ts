/** Where the image goes: a registry, a directory, or nowhere but this job. */
import { join, resolve } from "node:path";
import { openStore } from "@ml-actions/oci/open-store";
import type { Store } from "@ml-actions/oci/store";
import { credentialsOf } from "../../registry-inputs.ts";
import type { BuildInputs } from "./definition.ts";

export interface Destination {
  store: Store;
  /** What a digest or a tag is put behind: `ghcr.io/octo-org/flights`, `oci:/work/image`. */
  place: string;
  /** Registry and repository; null in a layout. */
  repository: string | null;
  /** `kept`: in a layout of this job, with nothing sent. */
  kind: "registry" | "layout" | "kept";
  /** Appended to the tag where a second image shares the place. */
  tagSuffix: string;
}

/** @param suffix `""` for the image, `-modelcar` for the model alone */
export async function openDestination(
  inputs: BuildInputs,
  directory: string,
  suffix: "" | "-modelcar" = "",
): Promise<Destination> {
  const { registry, layout, push, name } = inputs;
  if (registry !== undefined && push) {
    const place = `${registry}/${name}${suffix}`;
    const { store } = await openStore(place, credentialsOf(inputs));
    return { store, place, repository: place, kind: "registry", tagSuffix: "" };
  }
  const kind = layout === undefined ? "kept" : "layout";
  const place = `oci:${layout === undefined ? join(directory, "image") : resolve(layout)}`;
  const { store } = await openStore(place);
  return { store, place, repository: null, kind, tagSuffix: suffix };
}
