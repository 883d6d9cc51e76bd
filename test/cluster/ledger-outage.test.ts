/** Rollouts go on while etcd and the API server are killed under them and come back: no step is lost from the journal, and
 * none is taken that is not in it. The target is this test's own; lease and journal are the cluster's. */
import { setTimeout as sleep } from "node:timers/promises";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import { parseGates } from "@ml-actions/gates/language";
import { systemClock } from "@ml-actions/rollout/clock";
import type { RolloutEvent } from "@ml-actions/rollout/events";
import { type KubernetesLedger, openLedger } from "@ml-actions/rollout/kubernetes/ledger";
import { planRollout } from "@ml-actions/rollout/plan";
import { rollOut } from "@ml-actions/rollout/rollout";
import type { JournalStep, Release, Situation, Target } from "@ml-actions/rollout/target";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OwnControlPlane, ownControlPlane } from "../lab/own-control-plane.ts";
import { release } from "./ledger-place.ts";

const [stable, candidate] = [release("a"), release("b")];

/** As steps are named in the journal: `split 25`. */
const nameOf = (step: JournalStep) => ("percent" in step ? `${step.name} ${step.percent}` : step.name);

/** Asks the fence before each act, as every target does. */
class Ground {
  readonly acts: string[] = [];
  #situation: Situation = {
    ...{ stable, candidate: null, candidatePercent: 0, mirrorPercent: 0, url: "http://x" },
    ready: { stable: true, candidate: false },
  };

  target(ledger: KubernetesLedger): Target {
    const act = async (name: string, change: Partial<Situation>) => {
      await ledger.fence();
      this.acts.push(name);
      this.#situation = { ...this.#situation, ...change };
      await sleep(300);
    };
    const ready = { stable: true, candidate: true };
    return {
      read: async () => this.#situation,
      prepare: (given: Release) => act("prepare", { candidate: given, ready }),
      split: (candidatePercent) => act(`split ${candidatePercent}`, { candidatePercent }),
      mirror: (mirrorPercent) => act("mirror", { mirrorPercent }),
      promote: () => act("promote", { stable: candidate, candidate: null, candidatePercent: 0 }),
      restore: () => act("restore", { candidate: null, candidatePercent: 0 }),
    };
  }
}

/** So many requests a second on both sides, none of which fails. */
function telemetry() {
  const begun = performance.now();
  const side = () => ({ requests: performance.now() - begun, errors: 0, nan: null, latency: null });
  const counts = () => ({ ...side(), requests: Math.round(side().requests) });
  return {
    observe: async () => ({ at: Date.now(), ok: true as const, stable: counts(), candidate: counts() }),
  };
}

// A cluster that the caller gave is not ours to kill.
describe.skipIf(process.env.KUBECONFIG)("a rollout under which the cluster's memory is killed", () => {
  let plane: OwnControlPlane;
  beforeAll(async () => {
    plane = await ownControlPlane();
  });
  afterAll(() => plane.stop());

  /** Kills it at the given steps, as they are about to be written, and starts it again after the time. */
  async function through(program: "etcd" | "kube-apiserver", at: readonly string[], awayMs: number) {
    const api = openApi(await connect({ kubeconfig: plane.kubeconfig }));
    const restore = async () => {};
    const ledger = openLedger({
      api,
      namespace: "default",
      resource: `test/${program}`,
      guard: null,
      restore,
    });
    const ground = new Ground();
    const told: string[] = [];
    let striking: Promise<void> = Promise.resolve();
    const strike = async () => {
      await plane.kill(program);
      await sleep(awayMs);
      await plane.start(program);
    };
    const onEvent = (event: RolloutEvent) => {
      if (event.kind === "journal") told.push(nameOf(event.step));
      if (event.kind === "done" && at.includes(nameOf(event.step))) striking = striking.then(strike);
    };
    const plan = planRollout({
      ...{ candidate, holder: "runner", steps: [25, 50, 100], gates: parseGates("error_rate <= 0.2") },
      ...{ rule: "prove", confidence: 0.95, intervalMs: 500, stepTimeoutMs: 60_000, bakeMs: 0 },
      ...{ onInconclusive: "restore", leaseTtlMs: 30_000 },
    });
    const ports = { target: ground.target(ledger), ledger, telemetry: telemetry(), clock: systemClock };
    const result = await rollOut(plan, ports, onEvent);
    await striking;
    const journal = (await ledger.journal()).map(({ step }) => nameOf(step));
    return { result, journal, told, acts: ground.acts };
  }

  it.each(["etcd", "kube-apiserver"] as const)("by SIGKILL of %s, twice", async (program) => {
    const steps = ["begin", "prepare", "split 25", "split 50", "split 100", "promote", "end"];
    const { result, journal, told, acts } = await through(program, ["prepare", "split 25"], 4_000);
    expect([result.stage, result.error]).toEqual(["promoted", null]);
    expect(journal).toEqual(steps);
    expect(told).toEqual(steps);
    expect(acts).toEqual(steps.slice(1, -1));
  });
});
