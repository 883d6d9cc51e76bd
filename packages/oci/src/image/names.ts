/** The names that an image of a model is known by: its paths, labels, annotations and media types. */
import { digestOfBytes } from "../digest.ts";

/** OCI's own annotations (image specification 1.1, "Pre-Defined Annotation Keys"). */
export const ociNames = {
  title: "org.opencontainers.image.title",
  version: "org.opencontainers.image.version",
  source: "org.opencontainers.image.source",
  revision: "org.opencontainers.image.revision",
  baseName: "org.opencontainers.image.base.name",
  baseDigest: "org.opencontainers.image.base.digest",
} as const;

/** Ours. All but `layer` are labels of the image, and annotations of its index and manifests. */
export const ownNames = {
  modelDigest: "io.github.ml-actions.model.digest",
  contractDigest: "io.github.ml-actions.contract.digest",
  profileDigest: "io.github.ml-actions.profile.digest",
  datasetVersion: "io.github.ml-actions.dataset.version",
  /** Annotates each of our layers with what it holds: a `LayerKind`. */
  layer: "io.github.ml-actions.layer",
} as const;

/** In the order in which they lie in the image: what changes least is lowest. */
export const layerKinds = ["onnxruntime", "server", "model", "contract"] as const;
export type LayerKind = (typeof layerKinds)[number];

/** In the order in which they stand in the index. */
export const platforms = ["linux/amd64", "linux/arm64"] as const;
export type Platform = (typeof platforms)[number];

/** Node's name of a platform's architecture, as onnxruntime-node's folders have it. */
export const nodeArchitecture: Record<Platform, "x64" | "arm64"> = {
  "linux/amd64": "x64",
  "linux/arm64": "arm64",
};

export const imageMediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  tar: "application/vnd.oci.image.layer.v1.tar",
  tarGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

/** Where things lie in the image, without the leading slash, as a layer names them. */
export const paths = {
  runtime: "app/runtime/node_modules",
  server: "app/server",
  model: "model",
  profile: "model/profile.json",
} as const;

const longestName = 60;

/** A file name that every file system and shell takes, from a name that people chose: `Flüge 2/late` → `Fl-ge-2-late`. */
export function safeName(name: string): string {
  const plain = name
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, longestName)
    .replace(/[.-]+$/, "");
  return plain === "" ? "model" : plain;
}

/** Where KServe looks in a modelcar. */
const modelcarFolder = "models";

export const modelcarPaths = (name: string) => ({
  model: `${modelcarFolder}/${safeName(name)}.onnx`,
  contract: `${modelcarFolder}/${safeName(name)}.contract.json`,
});

export const modelPath = (name: string): string => `${paths.model}/${safeName(name)}.onnx`;
export const contractPath = (name: string): string => `${paths.model}/${safeName(name)}.contract.json`;

/** What evidence made before the image speaks of: the model and its contract, `sha256:<hex>` each, as one digest. */
export function releaseDigest(modelDigest: string, contractDigest: string): string {
  return digestOfBytes(`ml-actions/release/v1 ${modelDigest} ${contractDigest}\n`);
}
