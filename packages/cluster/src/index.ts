export type * from "./types.ts";
export { fieldManager } from "./types.ts";
