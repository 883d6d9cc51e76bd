/** Ways to decide, each played in a world until it promotes or restores. */
import { definition } from "../../../actions/deploy/src/definition.ts";
import { quantile } from "../../../packages/gates/src/judge/histogram.ts";
import { Judge } from "../../../packages/gates/src/judge.ts";
import type { Observation } from "../../../packages/gates/src/types.ts";
import { type Decision, decide, type Phase } from "../../../packages/rollout/src/decide.ts";
import type { PlanRequest } from "../../../packages/rollout/src/plan.ts";
import { candidate, planOf } from "../../../packages/rollout/src/play.testing.ts";
import { allWell } from "../../../packages/rollout/src/sight.ts";
import { totalsOf } from "../../../packages/rollout/src/totals.ts";
import type { Outcome, World } from "./world.ts";

export interface Contender {
  name: string;
  play: (world: World) => Promise<Outcome>;
}

interface FlaggerAnalysis {
  intervalSeconds: number;
  threshold: number;
  stepWeight: number;
}

/**
 * Flagger's controller, `advanceCanary` in pkg/controller/scheduler.go and `runBuiltinMetricChecks` in
 * scheduler_metrics.go of fluxcd/flagger at 15bd6ad: each interval, in this order: as many failed checks as the
 * threshold: roll back; a check (not while the weight is 0); one that fails is counted, never taken back, and the weight
 * stays; else the weight grows, or at maxWeight the new spec is copied to primary, and traffic follows at the next
 * interval, unwatched. A query that fails or has no values is a failed check. Queries are those for Istio:
 * request-success-rate over 1m at least 99, request-duration (p99) over 30s at most 500 ms.
 * Its favour: what users get between the copy and the next interval is not counted.
 */
function flagger(name: string, { intervalSeconds, threshold, stepWeight }: FlaggerAnalysis): Contender {
  const maxWeight = 50;
  return {
    name,
    play: async (world) => {
      await world.place.prepare(candidate);
      let [weight, failed] = [0, 0];
      for (;;) {
        if (failed >= threshold) return world.outcome("refuted");
        if (weight > 0 && !flaggerCheck(world)) failed++;
        else if (weight < maxWeight) {
          weight = Math.min(maxWeight, weight + stepWeight);
          await world.place.split(weight);
        } else {
          await world.sleep(intervalSeconds);
          return world.outcome("promoted");
        }
        await world.sleep(intervalSeconds);
      }
    },
  };
}

function flaggerCheck(world: World): boolean {
  const { requests, errors } = world.window(60);
  const { latency } = world.window(30);
  const p99 = latency === null ? null : quantile(latency, 0.99);
  if (world.blind || requests === 0 || p99 === null) return false;
  return (100 * (requests - errors)) / requests >= 99 && p99 <= 500;
}

/**
 * The first example of Argo Rollouts' documentation of analysis (docs/features/analysis.md at 9f8d111): 20 % more every
 * 10 minutes; from 40 % on a measurement every 5 minutes, `irate` of success (the last two scrapes, 15 s apart) at least
 * .95; failed when more than `failureLimit: 3` were not (0 / 0 is not), or five in a row could not be made.
 * Its favour: the query's service is taken to be the candidate's alone.
 */
const argo: Contender = {
  name: "Argo Rollouts, its documentation's example (5m, +20)",
  play: async (world) => {
    await world.place.prepare(candidate);
    let [failed, errors] = [0, 0];
    for (let minute = 0; minute < 40; minute += 5) {
      if (minute % 10 === 0) await world.place.split(20 + 2 * minute);
      if (minute >= 10) {
        const { requests, errors: bad } = world.window(15);
        errors = world.blind ? errors + 1 : 0;
        if (!world.blind && !((requests - bad) / requests >= 0.95)) failed++;
        if (failed > 3 || errors > 4) return world.outcome("refuted");
      }
      await world.sleep(300);
    }
    return world.outcome("promoted");
  },
};

const fields = definition.inputs.shape;

/** `deploy`'s defaults, as its definition has them. */
export const defaults = {
  steps: fields.steps.parse(undefined),
  gates: fields.gates.parse(undefined),
  intervalMs: fields.interval.parse(undefined),
  stepTimeoutMs: fields["step-timeout"].parse(undefined),
  onInconclusive: fields["on-inconclusive"].parse(undefined),
  bakeMs: fields.bake.parse(undefined),
} satisfies Partial<PlanRequest>;

/** `deploy` with its defaults, but for what is changed: its plan, its judge and its decisions. Journal, lease and the
 * looks at objects are left out: they decide nothing here, and a rollout of hours takes a third of the time. */
function ours(name: string, change: Partial<PlanRequest>): Contender {
  return {
    name,
    play: async (world) => {
      const plan = planOf({ ...defaults, ...change });
      const judge = new Judge(plan.gates, plan);
      const observations: Observation[] = [];
      const look = async () => {
        const observation = await world.place.observe();
        observations.push(observation);
        judge.look(observation);
      };
      await world.place.prepare(candidate);
      for (let index = 0; ; index++) {
        const weight = plan.steps[index] as number;
        await world.place.split(weight);
        await look();
        const since = world.place.clock.now();
        const phase: Phase = { name: "step", index, weight, since, start: totalsOf(observations) };
        let decision: Decision;
        do {
          await world.sleep(plan.intervalMs / 1000);
          await look();
          decision = decide(phase, judge.verdicts(), observations, world.place.clock.now(), plan, allWell);
        } while (decision.kind === "wait");
        if (decision.kind === "promote") return world.outcome("promoted");
        if (decision.kind === "restore") {
          return world.outcome(decision.verdict === "fail" ? "refuted" : "undecided");
        }
      }
    },
  };
}

const tens = [10, 20, 30, 40, 50];
const fives = [5, 10, 15, 20, 25, 30, 35, 40, 45, 50];

export const contenders = {
  tutorial: flagger("Flagger, its tutorials (1m, threshold 5, +10)", {
    ...{ intervalSeconds: 60, threshold: 5, stepWeight: 10 },
  }),
  readme: flagger("Flagger, its README (1m, threshold 10, +5)", {
    ...{ intervalSeconds: 60, threshold: 10, stepWeight: 5 },
  }),
  example: flagger("Flagger, its examples (15s, threshold 10, +5)", {
    ...{ intervalSeconds: 15, threshold: 10, stepWeight: 5 },
  }),
  argo,
  ours: ours("ours, defaults (10s, 10-25-50-100)", {}),
  oursAsTutorial: ours("ours, as Flagger's tutorials (1m, +10)", { steps: tens, intervalMs: 60_000 }),
  oursAsExample: ours("ours, as Flagger's examples (15s, +5)", { steps: fives, intervalMs: 15_000 }),
  refute: ours("ours, `rule: refute`, 100 requests a step", { rule: "refute", minSamples: 100 }),
  fromHalf: ours("ours, `steps: 50, 100`", { steps: [50, 100] }),
  hasty: ours("ours, `step-timeout: 10m`", { stepTimeoutMs: 600_000 }),
} satisfies Record<string, Contender>;
export type ContenderName = keyof typeof contenders;

/** Plays one; the same seed is the same world. */
export async function playOne(name: ContenderName, world: World): Promise<Outcome> {
  return world.place.clock.run(contenders[name].play(world));
}
