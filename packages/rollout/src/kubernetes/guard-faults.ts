/** Why a guard's pod does not start, in the words of those who try. */
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { guardLabel } from "./guard-manifest.ts";
import { codeOf } from "./lease-store.ts";

const stateSchema = z.object({
  waiting: z.object({ reason: z.string().default(""), message: z.string().default("") }).optional(),
  terminated: z
    .object({
      reason: z.string().default(""),
      message: z.string().default(""),
      exitCode: z.number().default(0),
    })
    .optional(),
});
const podStatusSchema = z.object({
  conditions: z
    .array(
      z.object({
        type: z.string(),
        status: z.string(),
        reason: z.string().default(""),
        message: z.string().default(""),
      }),
    )
    .default([]),
  containerStatuses: z
    .array(z.object({ state: stateSchema.default({}), lastState: stateSchema.default({}) }))
    .default([]),
});

/** Reasons that do not pass by themselves within the time that a rollout would wait. */
const final = new Set([
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "CrashLoopBackOff",
  "StartError",
]);
/** Those that another image may not have. */
const ofImage =
  /^(ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerError|RunContainerError|StartError)\b/;

export const isImageFault = (what: string): boolean => ofImage.test(what);

export interface WhyNot {
  /** null: nobody complains. */
  reason: string | null;
  final: boolean;
}

/** Rights to read pods or events may be missing: then nobody complains. */
export async function whyNot(api: Api, job: KubeObject): Promise<WhyNot> {
  const { namespace = "", name, uid = "" } = job.metadata;
  const pods = await api
    .list({ apiVersion: "v1", kind: "Pod", namespace }, { labelSelector: `${guardLabel}=${name}` })
    .catch(noneIfForbidden);
  const own = pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
  if (own.length > 0)
    return own.map(podFault).find(({ reason }) => reason !== null) ?? { reason: null, final: false };
  const events = await api
    .list({ apiVersion: "v1", kind: "Event", namespace }, { fieldSelector: `involvedObject.uid=${uid}` })
    .catch(noneIfForbidden);
  const failed = events
    .map((event) => event as unknown as { reason?: string; message?: string })
    .find(({ reason }) => reason === "FailedCreate");
  return failed === undefined
    ? { reason: null, final: false }
    : { reason: `its pod cannot be made: ${oneLine(failed.message ?? "")}`, final: true };
}

export function podFault({ status }: KubeObject): WhyNot {
  const parsed = podStatusSchema.safeParse(status ?? {});
  if (!parsed.success) return { reason: null, final: false };
  const { conditions, containerStatuses } = parsed.data;
  for (const { state, lastState } of containerStatuses) {
    const ended = state.terminated ?? lastState.terminated;
    // Of a container that is started again and again, the first word is why it ended.
    if (ended !== undefined && final.has(ended.reason)) return said(ended, true);
    if (state.waiting !== undefined && final.has(state.waiting.reason)) {
      const crashed = state.waiting.reason === "CrashLoopBackOff" && ended !== undefined;
      return said(
        crashed ? { reason: `it ended with ${ended.exitCode}`, message: ended.message } : state.waiting,
        true,
      );
    }
    if (state.waiting !== undefined && state.waiting.message !== "") return said(state.waiting, false);
  }
  const unscheduled = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
  return unscheduled === undefined ? { reason: null, final: false } : said(unscheduled, false);
}

function said({ reason, message }: { reason: string; message: string }, isFinal: boolean): WhyNot {
  return { reason: oneLine(message === "" ? reason : `${reason}: ${message}`), final: isFinal };
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, 400);

function noneIfForbidden(error: unknown): KubeObject[] {
  if (codeOf(error) === "forbidden") return [];
  throw error;
}
