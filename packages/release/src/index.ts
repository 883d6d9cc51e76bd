/** One schema into action.yml, docs, JSON Schema; and the release tree. */
export { generatedFiles, staleFiles } from "./generate.ts";
export { type Sources, suiteSources } from "./sources.ts";
export { buildReleaseTree, releaseTree } from "./tree.ts";
