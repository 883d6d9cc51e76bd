/** What is remembered of rollouts, wherever it is kept, checked once at that edge. */
import { z } from "zod";
import type { HistoryEntry, JournalEntry, Lease, Release } from "./target.ts";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hex digits");
/** Shown to people and written to logs: one line, no control characters. */
const lineOf = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .regex(/^[^\u0000-\u001f\u007f\u2028\u2029]*$/, "expected one line without control characters");
export const line = lineOf(500);
export const percent = z.number().min(0).max(100);
const instant = z.number().int().nonnegative();

export const releaseSchema: z.ZodType<Release> = z.strictObject({
  digest,
  label: line,
  model: z.strictObject({ digest, uri: line, contract: line, contractDigest: digest.exactOptional() }),
  // Absent in what earlier versions wrote. A layout's reference holds a path.
  image: lineOf(5000).exactOptional(),
  verified: z.strictObject({ at: instant, summary: digest }).exactOptional(),
});

const stepSchema = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("begin"),
    candidate: releaseSchema,
    stable: releaseSchema.nullable(),
    steps: z.array(percent).max(100),
  }),
  z.strictObject({ name: z.literal("prepare") }),
  z.strictObject({ name: z.literal("mirror"), percent }),
  z.strictObject({ name: z.literal("split"), percent }),
  z.strictObject({ name: z.literal("bake"), ms: z.number().nonnegative() }),
  z.strictObject({ name: z.literal("promote") }),
  z.strictObject({
    name: z.literal("restore"),
    reason: z.string().max(10_000),
    by: z.enum(["judge", "watch", "guard", "operator", "resume"]),
  }),
  z.strictObject({ name: z.literal("hold"), reason: z.string().max(10_000) }),
  z.strictObject({
    name: z.literal("end"),
    stage: z.enum(["promoted", "restored", "held"]),
    verdict: z.enum(["pass", "fail", "inconclusive", "first", "rollback"]),
  }),
]);

export const journalEntrySchema: z.ZodType<JournalEntry> = z.strictObject({
  at: z.number(),
  rollout: line,
  step: stepSchema,
  holder: line,
});

export const leaseSchema: z.ZodType<Lease> = z.strictObject({
  holder: line,
  rollout: line,
  acquiredAt: instant,
  expiresAt: instant,
});

/** Who speaks: the rollout whose lease the adapter took, null when it took none. */
export const sessionSchema = z.strictObject({ rollout: line, holder: line });
export type Session = z.infer<typeof sessionSchema>;

export const holdSchema = z.strictObject({
  holder: line,
  rollout: line,
  /** At most an hour: a lease is for a runner that may vanish at any moment. */
  ttlMs: z.number().int().min(100).max(3_600_000),
  seize: z.boolean().optional(),
});

export const historyEntrySchema: z.ZodType<HistoryEntry> = z.strictObject({
  release: releaseSchema,
  promotedAt: instant,
  verdict: z.enum(["pass", "first", "rollback"]),
  rollout: line,
});
