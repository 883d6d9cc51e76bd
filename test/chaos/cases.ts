/** The table of faults. Each is a sentence of `docs/chaos.md`. */
import { prometheusService } from "../lab/parts/prometheus.ts";
import { actions } from "./acts.ts";
import type { candidates } from "./candidates.ts";
import type { Outcome } from "./ending.ts";
import type { Run } from "./run.ts";
import type { Errand, Moment } from "./runner.ts";
import type { Scene } from "./scene.ts";
import type { ChaosTarget } from "./stages.ts";
import type { troubles } from "./troubles.ts";

export interface Case {
  fault: string;
  /** Those whose pods come up fast unless told otherwise. */
  targets?: readonly ChaosTarget[];
  /** `sound` unless told otherwise. */
  candidate?: keyof typeof candidates;
  errand?: Partial<Errand>;
  clockAheadMs?: number;
  /** When the fault comes; the beginning of the rollout unless told otherwise. */
  at?: Moment;
  /** What it is, where it is not the runner's own doing. */
  act?: (scene: Scene, run: Run) => Promise<void>;
  /** When it came, by `performance.now()`, where that was not at once. */
  cameAt?: () => number;
  ends: readonly Outcome[];
  /** From the fault until the rollout is closed. */
  withinSeconds: number;
  /** What the runner or the next run says of it. */
  told: RegExp;
  /** The candidate's connections break, so that nobody says whose failure it was: so many requests at most. */
  mayFail?: number;
  /** The node has room for little more than stable and one candidate. */
  scarce?: true;
}

export const every: readonly ChaosTarget[] = ["deployment", "gateway", "istio", "knative", "kserve"];
export const fast: readonly ChaosTarget[] = ["deployment", "gateway"];

const written = (step: string, percent?: number): Moment => ({
  ...{ step, when: "written" },
  ...(percent !== undefined && { percent }),
});
const taken = (step: string, percent?: number): Moment => ({ ...written(step, percent), when: "taken" });

/** Of a runner that is killed. */
export const stableWithinSeconds = 60;
/** Beyond that the candidate is cleared away. */
const withoutRunner = 120;
const guardSaid = /guard had restored stable.*lease expired/;

function killed(moment: Moment, more: Partial<Case> = {}): Case {
  const { step, percent } = moment;
  return {
    fault: `SIGKILL at ${step}${percent === undefined ? "" : ` ${percent} %`}`,
    targets: every,
    ...{ at: moment, errand: { signal: { at: moment, name: "SIGKILL" } } },
    ...{ ends: ["restored"], withinSeconds: withoutRunner, told: guardSaid },
    ...more,
  };
}

const prometheus = `service:${prometheusService.namespace}/${prometheusService.name}:${prometheusService.port}`;

/** Nothing can be judged: the time of the first step runs out. Each with its sentence and what must be told of it. */
function noCounts(
  faults: Partial<Record<keyof typeof troubles, [string, RegExp]>>,
  more: Partial<Case> = {},
): Case[] {
  return Object.entries(faults).map(([trouble, [fault, why]]) => ({
    ...{
      fault,
      act: actions.trouble(trouble as keyof typeof troubles),
      ends: ["restored"],
      withinSeconds: 150,
    },
    told: new RegExp(`no verdict at 25 % within 30 s: telemetry: .*(${why.source})`, "s"),
    ...more,
  }));
}

const alive = { ends: ["promoted"], withinSeconds: 150 } as const;
const notReady = { ends: ["restored"], withinSeconds: 120 } as const;
/** Seen by the second: at half of the traffic no more than some seconds' worth of requests is lost. */
const gone = { mayFail: 150, ends: ["restored"], withinSeconds: 90 } as const;
/** By the look of every second, or by the next step that would give it more. */
const goneTold = /^restored: (the candidate has no ready pod since|The candidate \w+ was ready and is not)/;
export const half = taken("split", 50);
const quarter = taken("split", 25);

export const cases: readonly Case[] = [
  killed(written("begin")),
  killed(written("prepare")),
  killed(written("split", 25)),
  killed(written("split", 50)),
  killed(written("split", 100)),
  killed(written("bake")),
  killed(written("promote"), {
    ends: ["restored", "promoted"],
    told: /guard had restored stable|become stable/,
  }),
  killed(written("restore"), { candidate: "failing" }),
  killed(written("end"), { ends: ["promoted"], told: /^/ }),
  {
    fault: "guard's pod killed while the runner lives",
    targets: every,
    ...{ ...alive, at: quarter, act: actions.killGuard, told: /^promoted: / },
  },
  {
    fault: "guard's pod killed while it restores, the runner being dead",
    targets: every,
    ...{ at: half, errand: { signal: { at: half, name: "SIGKILL" } }, act: actions.killGuardAtWork },
    ...{ ends: ["restored"], withinSeconds: 120, told: /guard had restored stable/ },
  },
  {
    fault: "lease stolen by one who then vanishes",
    targets: every,
    ...{ at: half, act: actions.steal, ends: ["restored"], withinSeconds: 90 },
    told: /no longer holds the lease: the thief took over/,
  },
  {
    fault: "somebody else edits the route",
    ...{ at: half, act: actions.editRoute, targets: ["gateway", "istio"], ends: ["restored"] },
    withinSeconds: 60,
    told: /^restored: somebody else \(kubectl.*\) raised the candidate's share from 50 % to 90 %/,
  },
  {
    fault: "somebody else scales the candidate to zero",
    ...{
      at: half,
      act: actions.scaleToZero,
      ...gone,
      told: goneTold,
    },
  },
  {
    fault: "candidate's pods evicted, as from a node that is drained",
    ...{ at: half, act: actions.evict, ...gone, ends: ["restored", "promoted"] },
    told: new RegExp(`^promoted: |${goneTold.source}`),
  },
  {
    fault: "node full: the scheduler takes the candidate's place for a pod that matters more",
    ...{ at: half, act: actions.crowdCandidateOut, scarce: true, targets: ["gateway"], ...gone },
    told: goneTold,
  },
  {
    fault: "two deploys at once",
    ...{
      ...alive,
      at: quarter,
      act: actions.secondDeploy,
      told: /the first runner.*holds|held by the first runner/,
    },
  },
  {
    fault: "SIGSTOP for longer than the lease, then SIGCONT",
    ...{ at: half, errand: { signal: { at: half, name: "SIGSTOP" } }, act: actions.zombie },
    ...{ ends: ["restored"], withinSeconds: 120, told: /no longer holds the lease|could not be renewed/ },
  },
  { fault: "runner's clock an hour ahead", clockAheadMs: 3_600_000, ...alive, told: /^promoted: / },
  { fault: "runner's clock an hour behind", clockAheadMs: -3_600_000, ...alive, told: /^promoted: / },
  {
    ...{ fault: "runner's clock an hour ahead, and SIGKILL", clockAheadMs: 3_600_000, at: half },
    errand: { signal: { at: half, name: "SIGKILL" } },
    ...{ ends: ["restored"], withinSeconds: withoutRunner, told: guardSaid },
  },
  { fault: "candidate in CrashLoop", candidate: "crashLoop", ...notReady, told: /exit code 1/ },
  {
    fault: "candidate's image is not there",
    candidate: "noImage",
    ...notReady,
    told: /ImagePullBackOff|ErrImagePull/,
  },
  {
    ...{ fault: "candidate never ready", candidate: "neverReady", errand: { readyTimeoutMs: 30_000 } },
    ...{ ...notReady, told: /not ready|readiness/i },
  },
  { fault: "candidate OOMKilled", candidate: "outOfMemory", ...notReady, told: /OOMKilled|exit code 137/ },
  {
    ...{ fault: "candidate ready, then dead", candidate: "dies", ...gone, withinSeconds: 120 },
    told: new RegExp(`${goneTold.source}|^restored: error_rate`),
  },
  ...noCounts({
    metricsDown: ["pods' metrics down", /outage/],
    metricsEmpty: ["pods' metrics empty", /outage|no-traffic/],
    metricsNaN: ["pods' metrics are NaN", /NaN/],
  }),
  ...noCounts(
    {
      prometheusDown: ["Prometheus down", /outage .*did not answer|outage .*503/],
      prometheusEmpty: ["Prometheus empty", /outage .*no series/],
      prometheusNaN: ["Prometheus says NaN", /NaN/],
      prometheusTwice: ["Prometheus has several series of a pod", /ambiguous .*job/],
      prometheusUnits: ["Prometheus has ms under a name of seconds", /ambiguous .*they look like ms/],
    },
    { targets: ["gateway"], errand: { prometheus, gates: "error_rate <= 0.3\nlatency.p50 <= 1s" } },
  ),
  {
    fault: "Prometheus down for 10 s",
    ...{ ...alive, targets: ["gateway"], errand: { prometheus }, at: quarter },
    ...{ act: actions.trouble("prometheusDown", 10_000), told: /^promoted: / },
  },
  ...([429, 409, 500] as const).map(
    (code): Case => ({
      fault: `${code} from the API server for 10 s`,
      ...{ ...alive, at: quarter, act: actions.trouble(code, 10_000), told: /^promoted: / },
    }),
  ),
  {
    fault: "API server out of the runner's reach for 30 s",
    ...{ at: half, act: actions.trouble("outage", 30_000), ends: ["restored"], withinSeconds: 90 },
    told: /lease could not be renewed|no longer holds the lease/,
  },
];
