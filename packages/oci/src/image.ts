export { type BasePlatform, type ResolvedBase, readBase, resolveBase } from "./image/base.ts";
export { type BuiltImage, buildImage, type ImageRequest } from "./image/build.ts";
export { type ContentDigests, droppedVariables, type ImageFacts } from "./image/config.ts";
export { type ExtractedModel, extractModel, type ImageContents, readContents } from "./image/contents.ts";
export { type MeasuredModel, measureModel, type RecordedLayer } from "./image/layers.ts";
export { buildModelcar, type ModelcarRequest } from "./image/modelcar.ts";
export {
  type LayerKind,
  layerKinds,
  ociNames,
  ownNames,
  type Platform,
  platforms,
  releaseDigest,
  safeName,
} from "./image/names.ts";
export { type BuiltLayer, presentLayers } from "./image/put.ts";
export {
  measuredLayer,
  type RecordedLayers,
  recordedLayers,
  recordedLayersSchema,
  runtimeEntries,
  serverEntries,
} from "./image/served-layers.ts";
