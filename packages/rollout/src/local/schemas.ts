/** What crosses the admin socket and what lies in the state directory, checked once at that edge. */
import { z } from "zod";
import { historyEntrySchema, leaseSchema, line, percent, releaseSchema } from "../schemas.ts";

export {
  holdSchema,
  journalEntrySchema,
  leaseSchema,
  releaseSchema,
  type Session,
  sessionSchema,
} from "../schemas.ts";

/** Bumped when an adapter and a supervisor of different versions could misunderstand each other. */
export const protocolVersion = 2;

export const splitSchema = z.strictObject({ percent });

export const stateSchema = z.strictObject({
  schema: z.literal("ml-actions/local-state/v1"),
  resource: line,
  stable: releaseSchema.nullable(),
  previous: releaseSchema.nullable(),
  candidate: releaseSchema.nullable(),
  candidatePercent: percent,
  mirrorPercent: percent,
  lease: leaseSchema.nullable(),
  history: z.array(historyEntrySchema).max(10),
  /** The closed rollout that `journal` has shown already. */
  shownRollout: z.string().nullable(),
});
export type State = z.infer<typeof stateSchema>;

export const statusSchema = z.object({
  protocol: z.literal(protocolVersion),
  pid: z.number().int(),
  resource: z.string(),
  host: z.string(),
  port: z.number().int(),
  probeToken: z.string(),
  stable: releaseSchema.nullable(),
  candidate: releaseSchema.nullable(),
  candidatePercent: percent,
  mirrorPercent: percent,
  ready: z.object({ stable: z.boolean(), candidate: z.boolean() }),
  crashes: z.object({ stable: z.number(), candidate: z.number() }),
});
export type Status = z.infer<typeof statusSchema>;
