import assert from "node:assert/strict";
import { parseGates } from "@ml-actions/gates/language";
import { systemClock } from "../../clock.ts";
import type { RolloutResult } from "../../events.ts";
import type { Load } from "../../local/testing/load.ts";
import { planRollout } from "../../plan.ts";
import { rollOut } from "../../rollout.ts";
import type { Lease, Release } from "../../target.ts";
import type { Bench, ContractCase } from "./bench.ts";

/** No look of the judge falls into the case: what ends it was seen at the objects. */
const intervalMs = 120_000;

/** A whole rollout to half of the traffic, and what happens then. */
async function halfWay(
  { place }: Bench,
  candidate: Release,
  then: (lease: Lease) => Promise<void>,
): Promise<RolloutResult> {
  const plan = planRollout({
    ...{
      candidate,
      holder: "a rollout that is watched",
      steps: [50],
      gates: parseGates("error_rate <= 0.5"),
    },
    ...{ rule: "prove", confidence: 0.95, intervalMs, stepTimeoutMs: intervalMs, onInconclusive: "hold" },
    ...{ bakeMs: 0, leaseTtlMs: 60_000 },
  });
  const { target, ledger, telemetry } = place;
  const held: Lease[] = [];
  let happened = Promise.resolve();
  const result = await rollOut(plan, { target, ledger, telemetry, clock: systemClock }, (event) => {
    if (event.kind === "lease") held.push(event.lease);
    if (event.kind === "done" && event.step.name === "split") happened = then(held[0] as Lease);
  });
  await happened;
  return result;
}

async function assertTakenBack(bench: Bench, result: RolloutResult, reason: RegExp): Promise<void> {
  assert.match(result.reason, reason);
  assert.deepEqual([result.stage, result.verdict, result.error], ["restored", "inconclusive", null]);
  const steps = (await bench.place.ledger.journal()).map(({ step }) => step);
  assert.partialDeepStrictEqual(steps.slice(-2), [
    { name: "restore", by: "watch", reason: result.reason },
    { name: "end", stage: "restored" },
  ]);
  await bench.assertAlone(bench.a);
  await bench.assertAnswers(bench.a, 50);
}

/** What a rollout sees by looking at what runs, long before anything is counted. */
export const watchingCases: ContractCase[] = [
  {
    behaviour: "a candidate that dies under traffic is taken back, and its own words are the reason",
    async prove(bench) {
      await bench.deploy("1", bench.a);
      const bad = await bench.fixture.crashesAt(3);
      const loads: Load[] = [];
      const result = await halfWay(bench, bad, async () => {
        loads.push(await bench.load(2));
      });
      for (const load of loads) await load.stop();
      await assertTakenBack(
        bench,
        result,
        /^the candidate has no ready pod since .* UTC: .*(end|exit|fail)/i,
      );
    },
  },
  {
    behaviour:
      "a share that somebody else lowered is not raised again: stable gets all, and it is said who it was",
    async prove(bench) {
      await bench.deploy("1", bench.a);
      const result = await halfWay(bench, bench.b, (lease) => bench.fixture.lowerShare(lease));
      await assertTakenBack(bench, result, /^somebody.* lowered the candidate's share from 50 % to \d/);
    },
  },
];
