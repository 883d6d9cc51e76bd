/** drift, top to bottom: read both samples, judge, write it all down, and then do what was asked for. */
import type { ActionContext, Story } from "@ml-actions/action-kit/action";
import type { TestResultStatement } from "@ml-actions/evidence";
import { compareDrift, type DriftResult } from "@ml-actions/gates/drift";
import { overall } from "@ml-actions/gates/overall";
import { conclude, keep } from "../../conclude.ts";
import { Cooldown } from "./cooldown.ts";
import type { DriftInputs, DriftOutputs, definition } from "./definition.ts";
import { doingsOf } from "./doings.ts";
import { driftedOf } from "./drifted.ts";
import { type Predictions, readPredictions } from "./predictions.ts";
import { type Outcome, respond } from "./respond.ts";
import { conclusionOf, type Findings, pagesOf, reportOf, subjectOf, writeProfiles } from "./results.ts";
import { readCurrent, readReference, type Sample } from "./samples.ts";

type Definition = typeof definition;

export const drift: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const startedAt = Date.now();
  const cooldown = await prepare(inputs, context);
  const { schema, columns } = inputs;
  const reference = await readReference(inputs.reference, { schema, columns });
  tellRows(context, reference);
  const current = await readCurrent(inputs.current, reference, schema);
  tellRows(context, current);
  const predictions =
    inputs.predictions === undefined ? null : await readPredictions(inputs.predictions, inputs.threshold);
  const result = judged(inputs, reference, current, predictions);
  const report = reportOf(inputs, context, { reference, current, result, predictions, startedAt });
  const findings: Findings = { inputs, reference, current, result, report };
  await writeProfiles(context, findings);
  const conclusion = conclusionOf(findings);
  context.output("verdict", conclusion.verdict);
  context.output("passed", String(conclusion.verdict === "pass"));
  context.output("drifted", JSON.stringify(driftedOf(result.features, inputs.gates)));
  // Written before anything is done about them: whatever happens then, the findings are there.
  await keep({ ...context, log: { ...context.log, info: context.log.debug } }, conclusion);
  const { said, failures } = await act(findings, conclusion.evidence, context, cooldown);
  const told = pagesOf({ ...report, actions: said, run: { ...report.run, finishedAt: Date.now() } });
  await conclude(context, { ...conclusion, ...told, failures });
};

/** What would make a response impossible, found before minutes of reading. */
async function prepare(inputs: DriftInputs, context: ActionContext<DriftOutputs>): Promise<Cooldown> {
  const cooldown = new Cooldown({
    path: inputs.state,
    subject: subjectOf(inputs),
    cooldownMs: inputs.cooldown,
    by: context.holder,
    warn: (message) => context.log.warning(message),
  });
  const asked = inputs["on-drift"];
  if (asked.some((response) => response !== "report")) await cooldown.prepare();
  const { resource, fallback } = inputs;
  if (asked.includes("degrade") && resource !== undefined && fallback !== undefined) {
    const { checkFallback } = await import("./degrade.ts");
    await checkFallback({ ...inputs, resource, fallback }, context);
  }
  return cooldown;
}

function judged(
  { gates, confidence, importance, columns }: DriftInputs,
  reference: Sample,
  current: Sample,
  predictions: Predictions | null,
): DriftResult {
  return compareDrift(gates, {
    reference: reference.profile,
    current: current.profile,
    confidence,
    ...(importance === undefined ? {} : { importance: weightsOf(importance, columns) }),
    ...(predictions === null ? {} : { predictions }),
  });
}

/** A model's weights may be given whole where only some of its features are compared. */
function weightsOf(importance: Record<string, number>, columns: readonly string[] | undefined) {
  if (columns === undefined) return importance;
  return Object.fromEntries(Object.entries(importance).filter(([name]) => columns.includes(name)));
}

/** Nothing is done on `inconclusive`: what is not known is no reason to act, and the red check says it. */
async function act(
  findings: Findings,
  evidence: TestResultStatement,
  context: ActionContext<DriftOutputs>,
  cooldown: Cooldown,
): Promise<Outcome> {
  const { log, signal } = context;
  const verdict = overall(findings.result.verdicts);
  if (verdict !== "fail") {
    const asked = findings.inputs["on-drift"].filter((response) => response !== "report");
    const said =
      verdict === "pass" ? [] : asked.map((response) => `no ${response}: nothing is shown either way`);
    return { said, failures: [] };
  }
  const doings = doingsOf({ ...findings, evidence, subject: subjectOf(findings.inputs) }, context);
  const outcome = await respond(doings, { cooldown, signal, warn: (message) => log.warning(message) });
  for (const line of outcome.said) log.info(line);
  return outcome;
}

function tellRows({ log }: ActionContext<DriftOutputs>, { name, profile }: Sample): void {
  log.info(`${name}: ${profile.rows} rows, ${profile.columns.size} features`);
}
