/** rollback, top to bottom: find the release, give it all traffic, say so. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Story } from "@ml-actions/action-kit/action";
import { type RollbackReportInput, rollbackPage, rollbackSummary } from "@ml-actions/reports";
import { systemClock } from "@ml-actions/rollout/clock";
import { stepText } from "@ml-actions/rollout/resume";
import { rollBack } from "@ml-actions/rollout/rollback";
import { openTarget } from "@ml-actions/rollout/targets/index";
import { runFacts } from "../../conclude.ts";
import { deployedOptions, leaseTtlMs } from "../../local-state.ts";
import type { definition } from "./definition.ts";

type Definition = typeof definition;

export const rollback: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const startedAt = Date.now();
  const { target, ledger } = await openTarget(
    inputs.target,
    deployedOptions(inputs.resource, context.programs),
  );
  const request = { to: inputs.to, holder: context.holder, leaseTtlMs };
  const result = await rollBack(request, { target, ledger, clock: systemClock }, (event) => {
    if (event.kind === "trouble") context.log.warning(event.message);
    if (event.kind === "journal") context.log.info(`${stepText(event.step)} …`);
  });
  context.output("restored", result.restored.digest);
  const { url } = await target.read();
  const report: RollbackReportInput = {
    target: inputs.target,
    resource: inputs.resource,
    url,
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
  const path = join(context.directory, "report.html");
  await writeFile(path, rollbackPage(report));
  context.output("report", path);
  await context.summary(rollbackSummary(report));
  context.log.info(`Report: ${path}`);
  context.log.info(result.reason);
};
