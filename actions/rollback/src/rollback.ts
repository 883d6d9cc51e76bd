/** rollback, top to bottom: find the places, the release at each, give it all traffic, say so. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ActionContext, Log, Story } from "@ml-actions/action-kit/action";
import { type RollbackReportInput, rollbackPage, rollbackSummary } from "@ml-actions/reports";
import { systemClock } from "@ml-actions/rollout/clock";
import { stepText } from "@ml-actions/rollout/resume";
import { rollBack } from "@ml-actions/rollout/rollback";
import { inParallel } from "@ml-actions/rollout/waves";
import { runFacts } from "../../conclude.ts";
import { type Place, placesOf } from "../../place.ts";
import { prefixedLog } from "../../prefixed-log.ts";
import type { definition, RollbackInputs, RollbackOutputs } from "./definition.ts";
import { verifyGoal } from "./verify-goal.ts";

type Definition = typeof definition;
type Context = ActionContext<RollbackOutputs>;

export const rollback: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const places = await placesOf(inputs, context, "change");
  if (inputs.resource.form === "selected") return rollBackMany(places, inputs, context);
  const [place] = places as [Place];
  const { restored, report } = await rollBackAt(place, inputs, context, context);
  context.output("restored", restored);
  context.output("report", report);
};

interface Done {
  restored: string;
  /** Path. */
  report: string;
}

async function rollBackAt(
  place: Place,
  inputs: RollbackInputs,
  context: Context,
  { log, directory }: { log: Log; directory: string },
): Promise<Done> {
  const startedAt = Date.now();
  const opened = await place.open(log);
  const { target, ledger } = opened;
  try {
    await verifyGoal(opened, inputs, { ...context, log, directory });
    const request = { to: inputs.to, holder: context.holder, leaseTtlMs: place.leaseTtlMs };
    let guard: Promise<string | null> | undefined;
    const result = await rollBack(request, { target, ledger, clock: systemClock }, (event) => {
      if (event.kind === "trouble") log.warning(event.message);
      if (event.kind === "journal") log.info(`${stepText(event.step)} …`);
      if (event.kind === "journal") guard ??= opened.guard();
    });
    const { url } = await target.read();
    const report: RollbackReportInput = {
      target: place.target,
      resource: place.resource,
      url,
      ...(place.cluster === null
        ? {}
        : { cluster: { ...place.cluster, guard: (await guard) ?? "not needed" } }),
      from: result.from,
      to: result.restored,
      asked: inputs.to,
      interrupted: result.tookOverFrom,
      history: (await ledger.history()).map(({ release, promotedAt, verdict }) => ({
        release,
        promotedAt,
        how: verdict,
      })),
      run: runFacts(context, startedAt),
    };
    const path = join(directory, "report.html");
    await writeFile(path, rollbackPage(report));
    await context.summary(rollbackSummary(report));
    log.info(`Report: ${path}`);
    log.info(result.reason);
    return { restored: result.restored.digest, report: path };
  } finally {
    opened.close();
  }
}

/** Each by itself: one that cannot be rolled back keeps none of the others waiting. */
async function rollBackMany(
  places: readonly Place[],
  inputs: RollbackInputs,
  context: Context,
): Promise<void> {
  const failures: Error[] = [];
  const results = await inParallel(places, inputs["max-parallel"], async (place) => {
    const { resource } = place;
    const log = prefixedLog(context.log, resource);
    try {
      const directory = join(context.directory, resource.replaceAll("/", "-"));
      await mkdir(directory, { recursive: true });
      return { resource, ...(await rollBackAt(place, inputs, context, { log, directory })), error: null };
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      log.error(error.message);
      failures.push(error);
      return { resource, restored: null, report: null, error: error.message };
    }
  });
  context.output("results", JSON.stringify(results));
  const sentence = `${places.length - failures.length} of ${places.length} resources were rolled back`;
  if (failures.length > 0) throw new AggregateError(failures, sentence);
  context.log.info(sentence);
}
