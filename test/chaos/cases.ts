/** The table of faults. Each is a sentence of `docs/chaos.md`. */
import { actions } from "./acts.ts";
import type { candidates } from "./candidates.ts";
import type { Outcome } from "./ending.ts";
import type { Run } from "./run.ts";
import type { Errand, Moment } from "./runner.ts";
import type { ChaosTarget, Scene } from "./scene.ts";

export interface Case {
  fault: string;
  /** Every target unless told otherwise. */
  targets?: readonly ChaosTarget[];
  /** `sound` unless told otherwise. */
  candidate?: keyof typeof candidates;
  errand?: Partial<Errand>;
  clockAheadMs?: number;
  /** When the fault comes; the beginning of the rollout unless told otherwise. */
  at?: Moment;
  /** What it is, where it is not the runner's own doing. */
  act?: (scene: Scene, run: Run) => Promise<void>;
  ends: readonly Outcome[];
  /** From the fault until the rollout is closed. */
  withinSeconds: number;
  /** What the runner or the next run says of it. */
  told: RegExp;
  /** The candidate's connections break, so that nobody says whose failure it was. */
  candidateFails?: true;
}

const written = (step: string, percent?: number): Moment => ({
  ...{ step, when: "written" },
  ...(percent !== undefined && { percent }),
});
const taken = (step: string, percent?: number): Moment => ({ ...written(step, percent), when: "taken" });

/** Lease 20 s, the guard's look 2 s, and the way back. */
const withoutRunner = 60;
const guardSaid = /guard had restored stable.*lease expired/;

function killed(moment: Moment, more: Partial<Case> = {}): Case {
  const { step, percent } = moment;
  return {
    fault: `SIGKILL at ${step}${percent === undefined ? "" : ` ${percent} %`}`,
    ...{ at: moment, errand: { signal: { at: moment, name: "SIGKILL" } } },
    ...{ ends: ["restored"], withinSeconds: withoutRunner, told: guardSaid },
    ...more,
  };
}

const alive = { ends: ["promoted"], withinSeconds: 150 } as const;
const notReady = { ends: ["restored"], withinSeconds: 120 } as const;
const half = taken("split", 50);
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
    ...{ ...alive, at: quarter, act: actions.killGuard, told: /^promoted: / },
  },
  {
    fault: "guard's pod killed while it restores, the runner being dead",
    ...{ at: half, errand: { signal: { at: half, name: "SIGKILL" } }, act: actions.killGuardAtWork },
    ...{ ends: ["restored"], withinSeconds: 120, told: /guard had restored stable/ },
  },
  {
    fault: "lease stolen by one who then vanishes",
    ...{ at: half, act: actions.steal, ends: ["restored"], withinSeconds: 90 },
    told: /no longer holds the lease: the thief took over/,
  },
  {
    fault: "somebody else edits the route",
    ...{ at: half, act: actions.editRoute, targets: ["gateway"], ends: ["restored", "promoted"] },
    ...{ withinSeconds: 150, told: /^(promoted|restored): / },
  },
  {
    fault: "somebody else scales the candidate to zero",
    ...{ at: half, act: actions.scaleToZero, targets: ["deployment", "gateway"], candidateFails: true },
    ...{ ends: ["restored", "promoted"], withinSeconds: 150, told: /^(promoted|restored): / },
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
  { fault: "candidate never ready", candidate: "neverReady", ...notReady, told: /not ready|readiness/i },
  { fault: "candidate OOMKilled", candidate: "outOfMemory", ...notReady, told: /OOMKilled|exit code 137/ },
  {
    ...{ fault: "candidate ready, then dead", candidate: "dies", candidateFails: true },
    ...{ ends: ["restored"], withinSeconds: 150, told: /^restored: / },
  },
  ...(["metricsDown", "metricsEmpty", "metricsNaN"] as const).map(
    (trouble): Case => ({
      fault: { metricsDown: "metrics down", metricsEmpty: "metrics empty", metricsNaN: "metrics are NaN" }[
        trouble
      ],
      ...{ act: actions.trouble(trouble), ends: ["restored"], withinSeconds: 150 },
      told: /no verdict at 25 % within 30 s: telemetry: /,
    }),
  ),
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
