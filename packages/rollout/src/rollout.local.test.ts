/** The loop over target `local`: real processes, real HTTP, real time. */
import { parseGates } from "@ml-actions/gates/language";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import type { RolloutEvent, RolloutResult } from "./events.ts";
import { createLab, type Lab } from "./local/testing/lab.ts";
import { type Load, startLoad } from "./local/testing/load.ts";
import { planRollout } from "./plan.ts";
import { type RollbackResult, rollBack } from "./rollback.ts";
import { rollOut } from "./rollout.ts";
import type { Release } from "./target.ts";
import type { LocalTarget } from "./targets/local.ts";

let lab: Lab;
let place: LocalTarget;
let stable: Release;
let load: Load | null = null;

beforeEach(async () => {
  lab = await createLab();
  place = await lab.open();
  stable = await lab.release({ name: "flights-1" });
  await deploy(stable, place);
  load = startLoad((await place.target.read()).url, 8);
});
afterEach(async () => {
  await load?.stop();
  await lab.close();
});

function deploy(
  candidate: Release,
  at: LocalTarget,
  onEvent: (event: RolloutEvent) => void = () => {},
  gates = "error_rate <= baseline + 0.05, nan_rate <= 0.05",
): Promise<RolloutResult> {
  const plan = planRollout({
    candidate,
    holder: `deploy of ${candidate.label}`,
    steps: [25],
    gates: parseGates(gates),
    rule: "prove",
    confidence: 0.95,
    intervalMs: 200,
    stepTimeoutMs: 15_000,
    onInconclusive: "restore",
    bakeMs: 0,
    leaseTtlMs: 2_000,
  });
  const { target, ledger, telemetry } = at;
  return rollOut(plan, { target, ledger, telemetry, clock: systemClock }, onEvent);
}

async function back(to: string): Promise<RollbackResult> {
  const { target, ledger } = await lab.open();
  return rollBack(
    { to, holder: "an operator", leaseTtlMs: 2_000 },
    { target, ledger, clock: systemClock },
    () => {},
  );
}

async function lastSteps(): Promise<string[]> {
  return (await (await lab.open()).ledger.journal()).map(({ step }) => step.name);
}

/** Failed answers that stable gave, or that nobody gave. */
function lostByStable(): string[] {
  return (load?.failures ?? []).filter((line) => !line.includes("by sha256") || line.includes(stable.digest));
}

describe("on target local", () => {
  it("promotes a good candidate under load, loses no request, and rolls back to the one before", async () => {
    const candidate = await lab.release({ name: "flights-2" });
    const result = await deploy(candidate, place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "pass", affectedRequests: 0 });
    expect(result.steps.map(({ weight }) => weight)).toEqual([25, 100]);
    expect((await place.target.read()).stable?.digest).toBe(candidate.digest);
    expect(await lastSteps()).toEqual(["begin", "prepare", "split", "split", "promote", "end"]);
    expect(await back("previous")).toMatchObject({ how: "rolled-back", restored: { digest: stable.digest } });
    expect((await place.target.read()).stable?.digest).toBe(stable.digest);
    const [newest] = await place.ledger.history();
    expect(newest).toMatchObject({ verdict: "rollback", release: { digest: stable.digest } });
    expect(load?.failures).toEqual([]);
  });

  it("takes back a candidate that fails, and only its own requests were hit", async () => {
    const candidate = await lab.release({ name: "flights-bad", failEvery: 2 });
    const result = await deploy(candidate, place);
    expect(result).toMatchObject({ stage: "restored", verdict: "fail", error: null });
    expect(result.reason).toContain("error_rate");
    expect(await place.target.read()).toMatchObject({ candidate: null, stable: { digest: stable.digest } });
    expect(lostByStable()).toEqual([]);
    expect(load?.failures.length).toBeGreaterThan(0);
    expect(await place.ledger.lease()).toBeNull();
  });

  it("compares the scores that both releases' servers count", async () => {
    const gates = "error_rate <= baseline + 0.1, score_drift <= 0.2";
    const alike = await lab.release({ name: "flights-2", score: 0.5 });
    expect(await deploy(alike, place, () => {}, gates)).toMatchObject({ stage: "promoted", verdict: "pass" });
    const other = await lab.release({ name: "flights-3", score: 0.9 });
    const result = await deploy(other, place, () => {}, gates);
    expect(result).toMatchObject({ stage: "restored", verdict: "fail" });
    expect(result.reason).toMatch(/^score_drift 1 \(\d+ scores against \d+\): shown to be beyond 0\.2/);
  });

  it("refuses a second deploy by the first one's name, and stops for an operator, by name too", async () => {
    const meanwhile: Promise<unknown>[] = [];
    const second = async () => deploy(await lab.release({ name: "flights-3" }), await lab.open());
    const during = (event: RolloutEvent) => {
      if (event.kind === "observed" && meanwhile.length === 0) {
        meanwhile.push(second().catch((error: unknown) => error));
        meanwhile.push((meanwhile[0] as Promise<unknown>).then(() => back("previous")));
      }
    };
    // Too strict to be proven before the operator comes.
    const deploying = deploy(await lab.release({ name: "flights-2" }), place, during, "nan_rate <= 0.00001");
    await expect(deploying).rejects.toMatchObject({
      code: "lease-lost",
      message: expect.stringContaining("an operator took over"),
    });
    expect(await meanwhile[0]).toMatchObject({
      code: "lease-held",
      message: expect.stringContaining("deploy of flights-2"),
    });
    expect(await meanwhile[1]).toMatchObject({ how: "taken-back", tookOverFrom: "deploy of flights-2" });
    expect(await place.target.read()).toMatchObject({ candidate: null, stable: { digest: stable.digest } });
    expect(load?.failures).toEqual([]);
  });

  it("says what the guard did for a run that vanished, and restores when a candidate never gets ready", async () => {
    const candidate = await lab.release({ name: "flights-2" });
    const { ledger, target } = place;
    await ledger.hold({ holder: "a runner", rollout: "r1", ttlMs: 20_000 });
    const entry = { at: Date.now(), rollout: "r1", holder: "a runner" };
    await ledger.write({ ...entry, step: { name: "begin", candidate, stable, steps: [20, 100] } });
    await target.prepare(candidate);
    await ledger.write({ ...entry, step: { name: "split", percent: 20 } });
    await target.split(20);
    await ledger.hold({ holder: "a runner", rollout: "r1", ttlMs: 100 });
    await expect.poll(async () => (await target.read()).candidate, { timeout: 5_000 }).toBeNull();
    const dead = await deploy(
      await lab.release({ name: "flights-dead", crashAtStart: true }),
      await lab.open(),
    );
    expect(dead).toMatchObject({ stage: "restored", verdict: "inconclusive", error: { code: "not-ready" } });
    expect(dead.resumption?.note).toContain("the guard had restored stable from rollout r1");
    expect(load?.failures).toEqual([]);
  });
});
