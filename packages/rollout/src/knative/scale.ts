/** Pods of both Revisions for a split. */
import { podsFor } from "../kubernetes/capacity.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { noCandidate } from "../kubernetes/refusals.ts";
import { raiseScale, untilUp } from "./revision-pods.ts";
import type { Revision } from "./service.ts";
import { containerName, readView, servingOf } from "./view.ts";
import { readyTimeoutMs } from "./writing.ts";

/** How long a restore waits for pods of stable that went meanwhile; it gets the traffic in any case. */
const stableGraceMs = 20_000;

/** Both sides get pods for that split; none loses any. */
export async function capacity(context: PlatformContext, percent: number): Promise<void> {
  const { api, fence, namespace, options } = context;
  const { memo, stable, candidate, empty } = await readView(context);
  if (memo === null || candidate === null) {
    if (percent > 0) throw noCandidate("give it capacity");
    if (memo === null) return;
  }
  if (candidate !== null && candidate.name !== stable?.name) {
    const replicas = await raiseScale(api, fence, candidate, Math.max(1, podsFor(percent, memo.replicas)));
    const timeoutMs = options.readyTimeoutMs ?? readyTimeoutMs;
    if (percent > 0)
      await up(candidate, Math.min(replicas, podsFor(percent, memo.replicas)), timeoutMs, "the candidate");
  }
  if (stable === null || empty) return;
  const replicas = await raiseScale(api, fence, stable, memo.replicas);
  if (percent < 100)
    await up(stable, Math.min(replicas, podsFor(100 - percent, memo.replicas)), stableGraceMs, "stable");

  async function up(revision: Revision, replicas: number, timeoutMs: number, who: string): Promise<void> {
    const container = containerName(servingOf(revision, options.container).container);
    await untilUp(api, namespace, revision.name, { replicas, container, timeoutMs, who });
  }
}
