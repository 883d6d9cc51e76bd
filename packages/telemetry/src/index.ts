export { type LocalTelemetryOptions, localTelemetry } from "./local.ts";
export { type CountedPod, type PodTelemetryOptions, podTelemetry } from "./pods.ts";
export type { TelemetrySource } from "./source.ts";
