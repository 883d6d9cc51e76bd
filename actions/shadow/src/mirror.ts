/** mode `mirror`: the candidate gets a copy of every live request; its answers reach nobody. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import type { ClusterFacts } from "@ml-actions/reports";
import { awaitLease } from "@ml-actions/rollout/await-lease";
import { systemClock } from "@ml-actions/rollout/clock";
import type { Release } from "@ml-actions/rollout/target";
import { type OpenPlace, type Place, placesOf } from "../../place.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import { MirrorSteps } from "./mirror-steps.ts";
import { MirroredAnswers } from "./mirrored-answers.ts";
import type { Scene } from "./scene.ts";
import { type Decide, type Decided, untilDecided } from "./until-decided.ts";

type Context = ActionContext<ShadowOutputs>;

export interface Mirrored<Decision> extends Decided<Decision> {
  /** null: no cluster. */
  cluster: ClusterFacts | null;
}

/** @param widthFor numbers an answer of this release, once it is known; it may refuse the comparison */
export async function mirror<Decision>(
  inputs: ShadowInputs,
  context: Context,
  candidate: Release,
  asked: { widthFor: (stable: Release) => Promise<number>; decide: Decide<Decision> },
): Promise<Mirrored<Decision>> {
  const [place] = (await placesOf(inputs, context, "change")) as [Place];
  const opened = await place.open(context.log);
  try {
    await opened.mirrored.check();
    const stable = await stableOf(opened, inputs);
    const width = await asked.widthFor(stable);
    const decided = await mirrored(
      { inputs, context, place, opened, stable, candidate, width },
      asked.decide,
    );
    const { cluster } = place;
    return { ...decided.decided, cluster: cluster === null ? null : { ...cluster, guard: decided.guard } };
  } finally {
    opened.close();
  }
}

async function mirrored<Decision>(
  scene: Scene,
  decide: Decide<Decision>,
): Promise<{ decided: Decided<Decision>; guard: string }> {
  const { inputs, context, place, opened, stable, candidate, width } = scene;
  const { log, holder, signal } = context;
  const { percent } = inputs;
  const request = { holder, rollout: randomUUID(), ttlMs: place.leaseTtlMs };
  const lease = await awaitLease(
    opened.ledger,
    systemClock,
    request,
    (message) => log.warning(message),
    signal,
  );
  const steps = new MirrorSteps(scene, lease, request.rollout);
  try {
    await steps.takeUp();
    await steps.begin();
    await steps.copyTo(percent);
    await sleep(opened.mirrored.settleMs, undefined, { signal });
    // Counts begin at their first look.
    await opened.mirrored.telemetry.observe(stable.digest, candidate.digest);
    const copiesFromMs = opened.mirrored.now();
    const answers = new MirroredAnswers(opened.mirrored, { stable, candidate, width, percent, copiesFromMs });
    log.info(
      `${candidate.label} answers a copy of ${percent === 100 ? "every request" : `${percent} % of the requests`} to ${stable.label}; nobody sees its answers`,
    );
    const guard = (await opened.guard()) ?? "part of the target";
    const decided = await untilDecided(scene, { lease, answers }, decide);
    await steps.copyTo(0);
    return { decided, guard };
  } finally {
    await steps.takeAway();
  }
}

async function stableOf({ target }: OpenPlace, { resource }: ShadowInputs): Promise<Release> {
  const { stable } = await target.read();
  if (stable !== null) return stable;
  throw new UserError(
    `Nothing serves as \`${resource.text}\`: a shadow needs a stable release to be compared with.`,
    {
      remedy: "Deploy the first release with the action `deploy`.",
    },
  );
}
