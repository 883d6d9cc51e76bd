/** The steps of a mirror, each in the journal before it is taken, so that the guard knows what there is to take away. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "@ml-actions/action-kit/action";
import { RolloutError } from "@ml-actions/rollout/error";
import type { HeldLease } from "@ml-actions/rollout/lease";
import { resume } from "@ml-actions/rollout/resume";
import type { JournalStep } from "@ml-actions/rollout/target";
import type { Scene } from "./scene.ts";

const attempts = 3;
const betweenMs = 1_000;

export class MirrorSteps {
  readonly #scene: Scene;
  readonly #lease: HeldLease;
  readonly #rollout: string;
  #begun = false;

  constructor(scene: Scene, lease: HeldLease, rollout: string) {
    this.#scene = scene;
    this.#lease = lease;
    this.#rollout = rollout;
  }

  /** Takes away what an earlier run left. @throws UserError when it was stable that this run is about */
  async takeUp(): Promise<void> {
    const { opened, candidate, stable, context } = this.#scene;
    const { target, ledger } = opened;
    const left = resume(await ledger.journal(), await target.read(), candidate);
    if (left.kind === "restore") {
      context.log.notice(`An earlier rollout: ${left.note} (it is taken away first)`);
      this.#begun = true;
      await this.#take({ name: "restore", reason: left.note, by: "resume" }, () => target.restore());
    }
    const now = (await target.read()).stable;
    if (now?.digest === stable.digest) return;
    throw new UserError(
      `${stable.label} served when this run began, and ${now?.label ?? "nothing"} does now: another release was deployed meanwhile.`,
      { remedy: "Run it again, against what serves now." },
    );
  }

  /** The candidate runs, without any traffic. */
  async begin(): Promise<void> {
    const { opened, candidate, stable, context } = this.#scene;
    context.signal.throwIfAborted();
    this.#begun = true;
    await this.#take({ name: "begin", candidate, stable, steps: [] }, async () => {});
    context.log.info(`Preparing ${candidate.label} …`);
    await this.#take({ name: "prepare" }, () => opened.target.prepare(candidate));
  }

  /** Begins to copy, or ends it; then answers to users are measured: all of them must be stable's own. */
  async copyTo(percent: number): Promise<void> {
    const { opened, context } = this.#scene;
    const { target } = opened;
    await this.#take({ name: "mirror", percent }, () => target.mirror(percent));
    if (percent === 0) return;
    await this.#take({ name: "split", percent: 0 }, () => target.split(0)).catch((error: unknown) => {
      // Not measured is not refuted: what the objects say is looked at all the time.
      if (!(error instanceof RolloutError && error.code === "unreachable")) throw error;
      context.log.warning(`Who answers users could not be measured: ${error.message}`);
    });
  }

  /** The candidate goes, whatever happened; with the lease lost that is somebody else's business. */
  async takeAway(): Promise<void> {
    const { inputs, place, context } = this.#scene;
    try {
      if (this.#begun) await this.#restore();
    } catch (error) {
      const alone = place.cluster !== null && inputs.guard === "off";
      context.log.warning(
        `The candidate was not taken away: ${(error as Error).message}. ${alone ? `There is no guard: run \`rollback\` of ${place.resource}, or this again` : `The guard does it within ${place.leaseTtlMs / 1000} s`}.`,
      );
    } finally {
      await this.#lease.release().catch(() => this.#lease.abandon());
    }
  }

  async #restore(): Promise<void> {
    const { target } = this.#scene.opened;
    const step = { name: "restore", reason: "the shadow has ended", by: "operator" } as const;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#take(step, () => target.restore());
        break;
      } catch (error) {
        const lost = error instanceof RolloutError && error.code.startsWith("lease-");
        if (lost || attempt === attempts) throw error;
        await sleep(betweenMs);
      }
    }
    await this.#take({ name: "end", stage: "restored", verdict: "inconclusive" }, async () => {});
  }

  async #take(step: JournalStep, work: () => Promise<void>): Promise<void> {
    const { opened, context } = this.#scene;
    this.#lease.lost.throwIfAborted();
    const entry = { at: Date.now(), rollout: this.#rollout, holder: context.holder, step };
    await opened.ledger.write(entry);
    await work();
  }
}
