/** An image by reference → which image exactly, and the release that it holds. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Log, UserError } from "@ml-actions/action-kit/action";
import type { Source } from "@ml-actions/oci";
import { releaseFromImage } from "@ml-actions/rollout/release";
import type { Release } from "@ml-actions/rollout/target";
import { loadContract } from "@ml-actions/serving/load-contract";
import { credentialsOf, type RegistryInputs } from "./registry-inputs.ts";

export interface OpenedImage {
  source: Source;
  digest: string;
  /** By digest: `ghcr.io/org/flights@sha256:…`, `oci:build/image@sha256:…`. */
  reference: string;
}

/**
 * Settles which image is meant. A tag is resolved here, once, and its digest printed: whoever moves the tag afterwards
 * changes nothing any more.
 *
 * @param input the input that holds the reference, for messages
 * @throws OciError when the place cannot be reached or read, UserError when it has no such image
 */
export async function openImage(
  written: string,
  registry: RegistryInputs,
  { log, input }: { log: Log; input: string },
): Promise<OpenedImage> {
  const { openStore } = await import("@ml-actions/oci/open-store");
  const { store, tag, digest } = await openStore(written, credentialsOf(registry));
  const wanted = digest ?? tag;
  if (wanted === undefined) {
    throw new UserError(`${input}: ${written} names no image: it has neither a digest nor a tag.`, {
      remedy: `Write ${store.name}@sha256:…, as the action \`build\` gives it (output \`image\`).`,
    });
  }
  const found = await store.resolve(wanted);
  if (found === null) {
    throw new UserError(`${input}: ${store.name} has no image ${wanted}.`, {
      remedy: "Build it first (action `build`), or correct the reference.",
    });
  }
  const reference = `${store.name}@${found.digest}`;
  if (digest === undefined)
    log.notice(`${input}: ${written} is ${reference} now. To pin it: ${input}: ${reference}`);
  return { source: store, digest: found.digest, reference };
}

/**
 * Takes model and contract out of an image.
 *
 * @param directory where they are put, in a folder of this image's own
 * @throws OciError for an image that the action `build` did not make, ServingError when its contract is unsound
 */
export async function releaseOf(
  { source, digest, reference }: OpenedImage,
  directory: string,
  verified?: NonNullable<Release["verified"]>,
): Promise<Release> {
  const { extractModel } = await import("@ml-actions/oci/image");
  const folder = join(unpackedIn(directory), digest.slice("sha256:".length));
  const { model, contract, contents } = await extractModel(source, digest, folder);
  const label = titleOf(contents.labels) ?? (await nameOf(contract));
  return releaseFromImage({ image: reference, label, model, contract, ...(verified && { verified }) });
}

const unpackedIn = (directory: string): string => join(directory, "unpacked");

/** Removes what was taken out of images: the directory is for people, who would otherwise keep gigabytes that they have. */
export async function forgetUnpacked(directory: string): Promise<void> {
  await rm(unpackedIn(directory), { recursive: true, force: true });
}

const longestLabel = 200;

/** `flights-1.0.7`, from the image's labels; null where they do not say. */
function titleOf(labels: Readonly<Record<string, string>>): string | null {
  const [title, version] = ["title", "version"].map((name) =>
    // A label is anyone's text, and becomes a line in logs.
    labels[`org.opencontainers.image.${name}`]
      ?.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, "")
      .trim()
      .slice(0, longestLabel),
  );
  if (!title) return null;
  return version ? `${title}-${version}` : title;
}

async function nameOf(contractPath: string): Promise<string> {
  const { model, version } = await loadContract(contractPath);
  return `${model}-${version}`;
}
