/**
 * A `Target` made of any `Platform`: the one order of capacity, traffic and proof, the commit of a promotion, and the way
 * back. Capacity comes before traffic in both directions, and nothing goes before traffic has been seen to have left it.
 */
import { RolloutError } from "../error.ts";
import { blockSizeFor } from "../local/splitter.ts";
import type { HistoryEntry, Release, Situation, Target } from "../target.ts";
import type { KubernetesLedger } from "./ledger-types.ts";
import type { Platform, PlatformState } from "./platform.ts";
import { unseenMs } from "./prove.ts";
import { alreadyStable, hasTraffic, isUnseen, noCandidate, noStable, notUp } from "./refusals.ts";

/** What a target needs of its ledger. */
export type PromotionLedger = Pick<
  KubernetesLedger,
  "fence" | "fenceTraffic" | "commit" | "committed" | "lease"
>;

export interface TargetParts {
  platform: Platform;
  ledger: PromotionLedger;
  /** What goes wrong without ending anything. */
  onTrouble?: (message: string) => void;
}

export function kubernetesTarget(parts: TargetParts): Target {
  const { platform, ledger } = parts;
  return {
    read: async () => situationOf(await platform.read(), await ledger.committed({ known: true })),
    prepare: (candidate) => prepare(parts, candidate),
    split: async (percent) => {
      blockSizeFor(percent);
      await ledger.fenceTraffic();
      const state = await platform.read();
      if (percent > 0) assertShares(state, await ledger.committed(), "split", percent);
      await platform.capacity(percent);
      await platform.route(percent);
      await platform.prove(percent).catch((error: unknown) => unlessDown(platform, error));
    },
    mirror: async (percent) => {
      blockSizeFor(percent);
      await ledger.fenceTraffic();
      const state = await platform.read();
      if (percent > 0) {
        assertShares(state, await ledger.committed(), "mirror", percent);
        await platform.capacity(Math.max(percent, state.candidatePercent), "copies");
      }
      await platform.mirror(percent);
    },
    promote: () => promote(parts),
    restore: () => restore(parts),
  };
}

/** A candidate is committed when it is the head of the history: then it is stable for all who ask, whatever is left to
 * do. Nothing that is the head already is ever made a candidate otherwise (see `prepare`). */
export function isCommitted(state: PlatformState, head: HistoryEntry | null): boolean {
  return state.candidate !== null && head?.release.digest === state.candidate.release.digest;
}

function situationOf(state: PlatformState, head: HistoryEntry | null): Situation {
  const { stable, candidate, url, splitBy, strangers } = state;
  if (candidate !== null && isCommitted(state, head)) {
    const ready = { stable: candidate.ready, candidate: false };
    return { stable: candidate.release, candidate: null, candidatePercent: 0, mirrorPercent: 0, ready, url };
  }
  return {
    stable: stable?.release ?? null,
    candidate: candidate?.release ?? null,
    candidatePercent: state.candidatePercent,
    mirrorPercent: state.mirrorPercent,
    ready: { stable: stable?.ready ?? false, candidate: candidate?.ready ?? false },
    why: {
      ...(stable?.why !== undefined && { stable: stable.why }),
      ...(candidate?.why !== undefined && { candidate: candidate.why }),
    },
    ...(splitBy !== undefined && { splitBy }),
    ...(strangers !== undefined && { strangers }),
    url,
  };
}

async function prepare({ platform, ledger }: TargetParts, candidate: Release): Promise<void> {
  await ledger.fence();
  let state = await platform.read();
  const head = await ledger.committed();
  if (isCommitted(state, head)) {
    await finish(platform);
    state = await platform.read();
  }
  const { stable, candidate: present, candidatePercent } = state;
  if (stable?.release.digest === candidate.digest) throw alreadyStable(candidate);
  if (present !== null && present.release.digest !== candidate.digest && candidatePercent > 0) {
    throw hasTraffic(present.release, candidatePercent);
  }
  // Others deployed what is stable now, after the candidate had been it: the history learns of it, so that its head
  // says nothing about this candidate.
  if (head?.release.digest === candidate.digest && stable !== null) await ledger.commit(stable.release);
  try {
    await platform.prepare(candidate);
  } catch (error) {
    if (isNotReady(error) && candidatePercent === 0) await platform.cleanUp().catch(() => {});
    throw error;
  }
}

async function promote({ platform, ledger }: TargetParts): Promise<void> {
  await ledger.fenceTraffic();
  const state = await platform.read();
  const head = await ledger.committed();
  if (!isCommitted(state, head)) {
    if (state.candidate === null) {
      const rollout = (await ledger.lease())?.rollout;
      if (head !== null && head.rollout === rollout && head.release.digest === state.stable?.release.digest) {
        return;
      }
      throw noCandidate("promote");
    }
    if (state.mirrorPercent > 0) await platform.mirror(0);
    // The first release has nobody's traffic to carry before it is stable.
    if (state.stable !== null) await platform.capacity(100);
    await platform.route(100);
    await platform.prove(100);
    await ledger.commit(state.candidate.release);
  }
  await finish(platform);
}

/** After the commit. Stable's own workload takes the release over while the candidate has all the traffic; then it gets
 * the traffic. Also where that had begun before. */
async function finish(platform: Platform): Promise<void> {
  await platform.adopt();
  await platform.route(0);
  await platform.prove(0);
  await platform.cleanUp();
}

async function restore({ platform, ledger, onTrouble = () => {} }: TargetParts): Promise<void> {
  const state = await platform.read();
  const { candidate, candidatePercent, mirrorPercent } = state;
  if (isCommitted(state, await ledger.committed())) {
    await ledger.fence();
    return finish(platform);
  }
  if (candidate !== null || candidatePercent > 0 || mirrorPercent > 0) {
    await ledger.fence();
    if (mirrorPercent > 0) await platform.mirror(0);
    if (candidatePercent > 0) await platform.capacity(0).catch(unlessNotReady(onTrouble));
    await platform.route(0);
    if (state.stable !== null) await proveStable(platform, onTrouble);
  }
  await platform.cleanUp();
}

/** A stable that cannot be brought to its full strength gets the traffic all the same: whatever it can do, the candidate
 * was judged not to. */
function unlessNotReady(onTrouble: (message: string) => void) {
  return (error: unknown) => {
    if (!isNotReady(error)) throw error;
    onTrouble(`stable gets all traffic without its full capacity: ${error.message}`);
  };
}

async function proveStable(platform: Platform, onTrouble: (message: string) => void): Promise<void> {
  try {
    await platform.prove(0);
  } catch (error) {
    if (!isUnseen(error)) throw error;
    onTrouble(`${error.message} Waiting ${unseenMs / 1000} s before the candidate goes.`);
    await new Promise((resolve) => setTimeout(resolve, unseenMs));
  }
}

/** Shares that did not come about because the candidate is down are told as that, and not as a matter of routes. */
async function unlessDown(platform: Platform, error: unknown): Promise<never> {
  if (!(error instanceof RolloutError) || error.code !== "not-routed") throw error;
  const { candidate } = await platform.read();
  if (candidate === null || candidate.ready) throw error;
  throw notUp(candidate.release, { why: candidate.why, cause: error });
}

function isNotReady(error: unknown): error is RolloutError {
  return error instanceof RolloutError && error.code === "not-ready";
}

function assertShares(
  state: PlatformState,
  head: HistoryEntry | null,
  what: "split" | "mirror",
  percent: number,
): void {
  const { candidate, stable } = state;
  if (candidate === null || isCommitted(state, head)) throw noCandidate(what);
  if (stable === null) throw noStable(what);
  const present = what === "split" ? state.candidatePercent : state.mirrorPercent;
  if (percent > present && !candidate.ready) throw notUp(candidate.release, { why: candidate.why });
}
