/** Counts from the proxy of the target `local`, over its supervisor's admin socket. */
import { request } from "node:http";
import type { Observation, SideCounts } from "@ml-actions/gates/types";
import { z } from "zod";
import type { TelemetrySource } from "./source.ts";

export interface LocalTelemetryOptions {
  /** Path of the admin socket. */
  socket: string;
  /** `routed`: requests that callers got their answer from. `mirrored`: the candidate's answers to copies, and
   * stable's answers to the originals of the same. `routed` unless told otherwise. */
  traffic?: "routed" | "mirrored";
}

const answerWithinMs = 5_000;

const count = z.number().int().nonnegative();
const sideSchema: z.ZodType<SideCounts> = z.object({
  requests: count,
  errors: count,
  nan: count.nullable(),
  latency: z.object({ boundsMs: z.array(z.number().positive()), counts: z.array(count) }).nullable(),
  scores: z
    .object({ bounds: z.array(z.number()), counts: z.array(count) })
    .nullable()
    .default(null),
});
const sidesSchema = z.object({ stable: sideSchema, candidate: sideSchema });
const reportSchema = z.object({
  at: z.number(),
  stableDigest: z.string().nullable(),
  candidateDigest: z.string().nullable(),
  routed: sidesSchema,
  mirrored: sidesSchema,
});

/** `outage`: the supervisor does not answer. `ambiguous`: it counts another pair of releases. `no-traffic`: the
 * candidate has had no request yet. `not-a-number`: its counts are not counts. */
export function localTelemetry(options: LocalTelemetryOptions): TelemetrySource {
  const traffic = options.traffic ?? "routed";
  return {
    observe: async (stableDigest, candidateDigest): Promise<Observation> => {
      const at = Date.now();
      const problem = (
        name: "outage" | "no-traffic" | "ambiguous" | "not-a-number",
        detail: string,
      ): Observation => ({
        at,
        ok: false,
        problem: name,
        detail,
      });
      let json: unknown;
      try {
        json = await ask(options.socket);
      } catch (error) {
        return problem(
          "outage",
          `The supervisor at ${options.socket} did not answer: ${(error as Error).message}.`,
        );
      }
      const parsed = reportSchema.safeParse(json);
      if (!parsed.success) return problem("not-a-number", z.prettifyError(parsed.error));
      const report = parsed.data;
      if (report.stableDigest !== stableDigest || report.candidateDigest !== candidateDigest) {
        const counted = `${report.candidateDigest ?? "no candidate"} against ${report.stableDigest ?? "no stable"}`;
        return problem(
          "ambiguous",
          `The proxy counts ${counted}, asked were ${candidateDigest} against ${stableDigest}.`,
        );
      }
      const { stable, candidate } = report[traffic];
      if (candidate.requests === 0) {
        return problem(
          "no-traffic",
          `The candidate has had no ${traffic} request that was answered or failed yet.`,
        );
      }
      return { at: report.at, ok: true, stable, candidate };
    },
  };
}

function ask(socketPath: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerWithinMs);
    const outgoing = request(
      { socketPath, path: "/counts", method: "POST", agent: false, signal },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          try {
            if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
            resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end("{}");
  });
}
