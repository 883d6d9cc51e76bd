export { type LocalTelemetryOptions, localTelemetry } from "./local.ts";
export type { TelemetrySource } from "./source.ts";
