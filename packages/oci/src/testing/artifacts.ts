/** Small images and what is attached to them, pushed through a store. */
import { contentOfBytes } from "../content.ts";
import type { Descriptor } from "../manifest.ts";
import type { Store } from "../store.ts";
import { sha256 } from "./fake-registry.ts";

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";
export const layerType = "application/vnd.oci.image.layer.v1.tar";
export const configType = "application/vnd.oci.image.config.v1+json";

/** Pushes bytes as a blob; gives its descriptor. */
export async function pushBytes(store: Store, bytes: Uint8Array, mediaType = layerType): Promise<Descriptor> {
  const descriptor = { mediaType, digest: sha256(bytes), size: bytes.byteLength };
  await store.pushBlob(descriptor, contentOfBytes(bytes));
  return descriptor;
}

/** An image of one layer, all of it pushed but its manifest. */
export async function image(
  store: Store,
  layer: string,
  more: Record<string, unknown> = {},
): Promise<Uint8Array> {
  const config = await pushBytes(store, Buffer.from("{}"), configType);
  const layers = [await pushBytes(store, Buffer.from(layer))];
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers, ...more }));
}

/** Attaches an artifact to `subject`, as signing does. */
export async function attachArtifact(store: Store, subject: Descriptor, text: string): Promise<Descriptor> {
  const more = { artifactType: "application/vnd.example+json", subject, annotations: { text } };
  return store.pushManifest(await image(store, text, more), manifestType);
}

export async function readAll(store: Store, descriptor: Descriptor): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.blob(descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
