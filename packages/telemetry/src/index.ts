export { type LocalTelemetryOptions, localTelemetry } from "./local.ts";
export { type CountedPod, type PodTelemetryOptions, podTelemetry } from "./pods.ts";
export type { SideNames, Sides } from "./prometheus/family-watch.ts";
export { parseQueries, type Queries } from "./prometheus/queries.ts";
export { httpPrometheus, type Prometheus, servicePrometheus } from "./prometheus/reach.ts";
export { type PrometheusTelemetryOptions, prometheusTelemetry } from "./prometheus/source.ts";
export type { TelemetrySource } from "./source.ts";
