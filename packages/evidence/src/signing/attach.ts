/**
 * Bundles beside their image: one manifest each whose `subject` is the image, as cosign v3 writes and reads it
 * (`pkg/oci/remote/write.go`, WriteAttestationNewBundleFormat). cosign also stamps the time of writing; left out here,
 * the same bundle always becomes the same manifest, and attaching it twice changes nothing.
 */

import type { Descriptor, Referrer, Source, Store } from "@ml-actions/oci";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { EvidenceError } from "../error.ts";
import { bundleMediaType, largestBundleBytes } from "./bundle.ts";
import type { Signed, Trust } from "./types.ts";
import { verifySigned } from "./verify.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
/** OCI's empty descriptor, `{}`. */
const emptyConfig = Buffer.from("{}");

/**
 * Puts a bundle beside the image.
 *
 * @param subject the image's own descriptor
 * @param bundle JSON text of the bundle
 * @param predicateType of the statement inside: a hint for readers, who must look inside anyway
 * @returns the descriptor of the new manifest; resolves only when the image's referrers list it
 * @throws OciError
 */
export async function attach(
  store: Store,
  subject: Descriptor,
  bundle: string,
  predicateType: string,
): Promise<Descriptor> {
  const content = Buffer.from(bundle);
  const config = { mediaType: "application/vnd.oci.empty.v1+json", ...sizeAndDigest(emptyConfig) };
  const layer = { mediaType: bundleMediaType, ...sizeAndDigest(content) };
  await push(store, config, emptyConfig);
  await push(store, layer, content);
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { ...config, artifactType: bundleMediaType },
    layers: [layer],
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": predicateType,
    },
    subject: { mediaType: subject.mediaType, size: subject.size, digest: subject.digest },
    artifactType: bundleMediaType,
  };
  return store.pushManifest(Buffer.from(JSON.stringify(manifest)), manifestType);
}

const sizeAndDigest = (bytes: Buffer) => ({ size: bytes.byteLength, digest: digestOfBytes(bytes) });

async function push(store: Store, descriptor: Descriptor, bytes: Buffer): Promise<void> {
  await store.pushBlob(descriptor, async function* (offset) {
    yield bytes.subarray(offset);
  });
}

/** A bundle beside an image, not yet believed. `text` is null when its bytes cannot be had, and `error` says why. */
export type AttachedBundle = { referrer: Referrer } & (
  | { text: string; error: null }
  | { text: null; error: Error }
);

/** A bundle beside an image, and what came of verifying it. */
export type AttachedSigned = { referrer: Referrer } & (
  | { signed: Signed; error: null }
  | { signed: null; error: Error }
);

/**
 * Every bundle beside an image, in order of digest. One that cannot be read does not hide the others.
 *
 * @throws OciError when the list itself cannot be had
 * @throws EvidenceError `too-much` when all of them together would fill the memory
 */
export async function readBundles(source: Source, digest: string): Promise<AttachedBundle[]> {
  const referrers = await source.referrers(digest, bundleMediaType);
  assertFits(referrers, digest);
  const bundles: AttachedBundle[] = [];
  for (const referrer of referrers) {
    try {
      bundles.push({ referrer, text: await readText(source, referrer), error: null });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      bundles.push({ referrer, text: null, error });
    }
  }
  return bundles;
}

/**
 * Every bundle beside an image, verified: by whom it must be signed is `trust`, and one of its subjects must be the
 * image (a bundle copied from another image says nothing about this one).
 *
 * @throws OciError when the list itself cannot be had
 */
export async function readSigned(source: Source, digest: string, trust: Trust): Promise<AttachedSigned[]> {
  const bundles = await readBundles(source, digest);
  return Promise.all(bundles.map((bundle) => verifyAttached(bundle, digest, trust)));
}

/** One of them, where different evidence is trusted from different signers. */
export async function verifyAttached(
  { referrer, text, error }: AttachedBundle,
  digest: string,
  trust: Trust,
): Promise<AttachedSigned> {
  if (text === null) return { referrer, signed: null, error };
  try {
    const signed = await verifySigned(text, trust);
    requireSubject(signed, digest);
    return { referrer, signed, error: null };
  } catch (refusal) {
    if (!(refusal instanceof EvidenceError)) throw refusal;
    return { referrer, signed: null, error: refusal };
  }
}

function requireSubject({ statement }: Signed, digest: string): void {
  const speaksOf = statement.subject.flatMap((subject) =>
    subject.digest.sha256 === undefined ? [] : [`sha256:${subject.digest.sha256}`],
  );
  if (speaksOf.includes(digest)) return;
  throw new EvidenceError(
    "subject",
    `It speaks of ${speaksOf.slice(0, 3).join(", ") || "nothing by sha256"}, not of ${digest}.`,
    "Do not trust it: it was made for something else and attached here. Sign evidence of this image.",
  );
}

/** Whoever may write to the registry may attach; all that is attached is held at once. */
const mostBundles = 1000;
const mostBytes = 128 * 2 ** 20;

function assertFits(referrers: readonly Referrer[], digest: string): void {
  // Those that are larger are not read at all.
  const sizes = referrers.flatMap(({ layers }) => layers.map(({ size }) => size));
  const bytes = sizes.filter((size) => size <= largestBundleBytes).reduce((sum, size) => sum + size, 0);
  if (referrers.length <= mostBundles && bytes <= mostBytes) return;
  throw new EvidenceError(
    "too-much",
    `${referrers.length} bundles of ${bytes} bytes together are attached to ${digest}; at most ${mostBundles} of ${mostBytes} are read.`,
    "Delete attached manifests that nobody needs any more, and look who may write to the repository.",
  );
}

async function readText(source: Source, referrer: Referrer): Promise<string> {
  const layer = referrer.layers[0];
  const place = `the bundle ${referrer.descriptor.digest}`;
  if (layer === undefined || referrer.layers.length !== 1 || layer.mediaType !== bundleMediaType) {
    const has = referrer.layers.map(({ mediaType }) => mediaType).join(", ") || "none";
    throw new EvidenceError(
      "not-a-bundle",
      `${place} must have one layer of the type ${bundleMediaType}; it has ${has.slice(0, 200)}.`,
      "Attach the evidence anew with `sign`.",
    );
  }
  if (layer.size > largestBundleBytes) {
    throw new EvidenceError(
      "not-a-bundle",
      `${place} has ${layer.size} bytes; at most ${largestBundleBytes} are read.`,
      "Attach the evidence anew with `sign`.",
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.blob(layer)) chunks.push(chunk);
  try {
    // Strictly, so that the text's digest is the layer's.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    const message = `${place} is not text in UTF-8.`;
    throw new EvidenceError("not-a-bundle", message, "Attach the evidence anew with `sign`.", { cause });
  }
}
