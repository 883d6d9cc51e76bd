/** deploy, top to bottom: verify, find the places, roll out while telling about it, and say how it ended. */
import { type ActionContext, NegativeVerdict, type Story } from "@ml-actions/action-kit/action";
import { deploySummary, rolloutPage } from "@ml-actions/reports";
import { releaseDigest } from "@ml-actions/rollout/release";
import { keep, runFacts } from "../../conclude.ts";
import { forgetUnpacked } from "../../image-release.ts";
import { type Place, placesOf } from "../../place.ts";
import { candidateRelease } from "./candidate.ts";
import type { DeployInputs, DeployOutputs, definition } from "./definition.ts";
import { Open } from "./open.ts";
import { filesOf, verdictOf } from "./results.ts";
import { planAt, type RolledOut, rollOutAt } from "./roll-out-at.ts";

export { cleanUp } from "./clean-up.ts";

type Definition = typeof definition;
type Context = ActionContext<DeployOutputs>;

export const deploy: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  try {
    await deployCandidate(inputs, context);
  } finally {
    await forgetUnpacked(context.directory);
  }
};

async function deployCandidate(inputs: DeployInputs, context: Context): Promise<void> {
  const startedAt = Date.now();
  const candidate = await candidateRelease(inputs, context);
  const modelRelease = candidate.image === undefined ? null : await releaseDigest(candidate.model);
  const places = await placesOf(inputs, context, "change");
  if (places.some(({ kept }) => kept !== null)) {
    const { commitPlaces } = await import("./commit-places.ts");
    return commitPlaces(places, candidate, inputs, context);
  }
  const facts = { candidate, modelRelease, startedAt };
  if (inputs.resource.form === "selected") {
    const { deployMany } = await import("./many.ts");
    return deployMany(places, facts, inputs, context);
  }
  const [place] = places as [Place];
  const plan = planAt(place, candidate, inputs, context);
  const open = new Open(context, [place]);
  const rolledOut = await rollOutAt(place, plan, context, ({ digest }) => context.output("stable", digest));
  open.close(place);
  await tell(context, rolledOut, facts);
}

async function tell(
  context: Context,
  rolledOut: RolledOut,
  facts: { startedAt: number; modelRelease: string | null },
): Promise<void> {
  const { result } = rolledOut;
  const run = runFacts(context, facts.startedAt);
  const { report, ...files } = filesOf(rolledOut, { run, modelRelease: facts.modelRelease });
  context.output("stage", result.stage);
  context.output("verdict", verdictOf(result));
  if (result.stable !== null) context.output("stable", result.stable.digest);
  await keep(context, { ...files, report: rolloutPage(report) });
  await context.summary(deploySummary(report));
  const sentence = `${result.stage}: ${result.reason}`;
  if (result.error !== null) throw result.error;
  if (result.stage === "promoted") {
    context.log.info(sentence);
    return;
  }
  context.log.error(sentence, { title: `${result.candidate.label} was ${result.stage}` });
  throw new NegativeVerdict(sentence);
}
