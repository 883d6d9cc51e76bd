/** `post`: when `main` was killed in the middle, stable gets its traffic back now, not when the lease ends. */
import type { CleanUp, Log } from "@ml-actions/action-kit/action";
import { parseInputs } from "@ml-actions/action-kit/inputs";
import { systemClock } from "@ml-actions/rollout/clock";
import { rollBack } from "@ml-actions/rollout/rollback";
import { type Place, placesOf } from "../../place.ts";
import { parseResource } from "../../resource.ts";
import { definition } from "./definition.ts";
import { leftOpen } from "./open.ts";

export const cleanUp: CleanUp = async (context) => {
  const resources = leftOpen(context);
  if (resources.length === 0) return;
  // The runner hands the same inputs over again. They are not remembered, because a kubeconfig is a secret.
  const parsed = await parseInputs(definition, process.env, process.cwd());
  if (!parsed.ok) return;
  for (const resource of resources) {
    const inputs = { ...parsed.inputs, resource: parseResource(resource) };
    const [place] = await placesOf(inputs, context, "read");
    await giveBack(place as Place, context);
  }
};

/** Only what this very step began, and did not end. */
async function giveBack(place: Place, { holder, log }: { holder: string; log: Log }): Promise<void> {
  const opened = await place.open(log);
  try {
    const { target, ledger } = opened;
    const last = (await ledger.journal()).at(-1);
    const { stable, candidate } = await target.read();
    if (last?.holder !== holder || last.step.name === "end" || stable === null || candidate === null) return;
    const request = { to: stable.digest, holder: `${holder} (post)`, leaseTtlMs: place.leaseTtlMs };
    const { reason } = await rollBack(request, { target, ledger, clock: systemClock }, () => {});
    log.warning(`The deploy of ${place.resource} was stopped in the middle: ${reason}.`);
  } finally {
    opened.close();
  }
}
