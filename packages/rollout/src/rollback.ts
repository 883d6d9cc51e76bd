import { randomUUID } from "node:crypto";
import { RolloutError } from "./error.ts";
import type { Ports } from "./events.ts";
import { type HeldLease, holdLease } from "./lease.ts";
import { Listener } from "./listener.ts";
import type { HistoryEntry, JournalStep, Release, Situation } from "./target.ts";

export interface RollbackRequest {
  /** `previous`, or the digest of a release that was stable here before. */
  to: string;
  holder: string;
  leaseTtlMs: number;
}

export interface RollbackResult {
  rollout: string;
  /** What serves now. */
  restored: Release;
  /** What served before, or the candidate that was taken back. */
  from: Release | null;
  /** `taken-back`: a rollout was under way and its candidate went; `rolled-back`: an older release is stable again;
   * `unchanged`: it was stable already. */
  how: "taken-back" | "rolled-back" | "unchanged";
  reason: string;
  /** Who was rolling out meanwhile and lost the lease. */
  tookOverFrom: string | null;
}

export type RollbackEvent = { at: number } & (
  | { kind: "journal"; step: JournalStep }
  | { kind: "done"; step: JournalStep }
  | { kind: "trouble"; message: string }
);

/**
 * An operator's way back. It needs no new evidence, because only releases that were in production here can be chosen,
 * and it waits for nobody: a rollout under way loses its lease, stops, and says who took over.
 *
 * With a candidate beside stable, `previous` means the release before it, which is stable: it gets all traffic again.
 * Otherwise the release that was stable before is made ready and promoted.
 *
 * @throws RolloutError `no-previous` when there is no such release, `lease-lost` when another took over in turn
 */
export async function rollBack(
  request: RollbackRequest,
  ports: Pick<Ports, "target" | "ledger" | "clock">,
  onEvent: (event: RollbackEvent) => void,
): Promise<RollbackResult> {
  const { target, ledger, clock } = ports;
  const rollout = randomUUID();
  const { holder, leaseTtlMs: ttlMs } = request;
  const listener = new Listener(onEvent);
  const { hear } = listener;
  const choose = async () => chooseGoal(request.to, await target.read(), await ledger.history());
  // Asked for the impossible, nobody is stopped for it.
  await choose();
  const loser = await ledger.lease();
  const lease = await holdLease(ledger, clock, { holder, rollout, ttlMs, seize: true }, (message) =>
    hear({ at: clock.now(), kind: "trouble", message }),
  );
  const take: Take = async (step, work) => {
    lease.lost.throwIfAborted();
    await ledger.write({ at: clock.now(), rollout, holder, step });
    hear({ at: clock.now(), kind: "journal", step });
    await work();
    lease.lost.throwIfAborted();
    hear({ at: clock.now(), kind: "done", step });
  };
  const done = await choose()
    .then((goal) => carryOut(goal, ports, take, holder))
    .finally(() => end(lease));
  listener.throwIfFailed();
  return { rollout, ...done, tookOverFrom: loser?.holder ?? null };
}

type Take = (step: JournalStep, work: () => Promise<void>) => Promise<void>;
const nothing = async () => {};

async function end(lease: HeldLease): Promise<void> {
  // A lease that cannot be given back ends by itself.
  await lease.release().catch(() => lease.abandon());
}

/** What a rollback is to do. */
export type RollbackGoal = {
  /** Beside stable, with or without traffic: to be taken back first. */
  candidate: Release | null;
  stable: Release | null;
  /** To be made ready and promoted; null when stable is what is asked for. */
  older: Release | null;
};

/** Chooses from what runs and from the history. Pure.
 * @throws RolloutError `no-previous`, `no-stable` */
export function chooseGoal(
  to: string,
  { stable, candidate }: Situation,
  history: readonly HistoryEntry[],
): RollbackGoal {
  if (stable !== null && (to === stable.digest || (to === "previous" && candidate !== null))) {
    return { candidate, stable, older: null };
  }
  const others = history.map(({ release }) => release).filter(({ digest }) => digest !== stable?.digest);
  const older = to === "previous" ? others[0] : others.find(({ digest }) => digest === to);
  if (older === undefined) {
    const known = others.map(({ label, digest }) => `${label} (${digest})`).join(", ");
    throw new RolloutError(
      "no-previous",
      to === "previous"
        ? "There is no earlier release to roll back to: no other has been stable here."
        : `No release with the digest ${to} has been stable here.`,
      known === ""
        ? "Deploy a good release instead (action deploy)."
        : `Choose previous or one that was stable here: ${known}. What never was comes in by the action deploy, with its evidence.`,
    );
  }
  return { candidate, stable, older };
}

async function carryOut(
  { candidate, stable, older }: RollbackGoal,
  { target }: Pick<Ports, "target">,
  take: Take,
  holder: string,
): Promise<Pick<RollbackResult, "restored" | "from" | "how" | "reason">> {
  const by = "operator";
  if (candidate !== null) {
    const reason = `${holder} rolled back`;
    await take({ name: "restore", reason, by }, () => target.restore());
  }
  if (older === null) {
    const restored = stable as Release;
    if (candidate === null) {
      return {
        restored,
        from: null,
        how: "unchanged",
        reason: `${restored.label} is stable already: nothing to do`,
      };
    }
    await take({ name: "end", stage: "restored", verdict: "rollback" }, nothing);
    const reason = `${candidate.label} was taken back; ${restored.label} has all traffic`;
    return { restored, from: candidate, how: "taken-back", reason };
  }
  await take({ name: "begin", candidate: older, stable, steps: [] }, nothing);
  try {
    await take({ name: "prepare" }, () => target.prepare(older));
    await take({ name: "promote" }, () => target.promote());
  } catch (error) {
    // Whether this succeeds or the guard has to do it: the reader needs the first error.
    const reason = `the rollback failed: ${(error as Error).message}`;
    await take({ name: "restore", reason, by }, () => target.restore()).catch(() => {});
    throw error;
  }
  await take({ name: "end", stage: "promoted", verdict: "rollback" }, nothing);
  const reason = `${older.label} is stable again${stable === null ? "" : ` in place of ${stable.label}`}`;
  return { restored: older, from: stable, how: "rolled-back", reason };
}
