export { type ApiOptions, openApi } from "./api.ts";
export { ServerClock } from "./clock.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export { ClusterError, type ClusterErrorCode } from "./error.ts";
export { type GitOps, gitopsOf } from "./gitops.ts";
export { type KindFacts, kindTable } from "./kinds.ts";
export type * from "./types.ts";
export { fieldManager } from "./types.ts";
