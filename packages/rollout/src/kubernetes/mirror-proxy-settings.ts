/** What the mirroring proxy's pods are told. */
import { z } from "zod";

const port = z.number().int().min(1).max(65_535);

export const mirrorSettingsSchema = z.strictObject({
  /** Share of the requests that is copied. */
  percent: z.number(),
  /** Addresses of the Services of both sides, which have the same ports as the proxy. */
  stable: z.string(),
  candidate: z.string(),
  /** Where predictions are asked for. */
  httpPort: port,
  /** Stable's other ports behind the user's Service: passed to stable as they are. */
  tcpPorts: z.array(port),
  /** The proxy's own: `/ready`, `/alive`, `/metrics`. */
  readyPort: port,
  /** What stable is asked for before the first request. */
  readyPath: z.string(),
  /** How long it serves on after SIGTERM, in ms. */
  drainMs: z.number(),
});
export type MirrorSettings = z.infer<typeof mirrorSettingsSchema>;

export const mirrorSettingsVariable = "ML_MIRROR";
