/** What a shadow leaves behind: report, summary, metrics, evidence and the sentences of the log, of the same findings. */
import { basename } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import {
  configurationDigest,
  metricsFile,
  type NamedDigest,
  testResultStatement,
} from "@ml-actions/evidence";
import { overall } from "@ml-actions/gates/overall";
import { quantileOfSorted } from "@ml-actions/gates/statistics/quantile";
import type { Verdict } from "@ml-actions/gates/types";
import { fileDigest } from "@ml-actions/oci/digest";
import {
  type ClusterFacts,
  type LatencyQuantiles,
  type ShadowReportInput,
  shadowPage,
  shadowSummary,
} from "@ml-actions/reports";
import { shadowStory } from "@ml-actions/reports/story/shadow";
import type { Release } from "@ml-actions/rollout/target";
import { aucComparison } from "../../auc-comparison.ts";
import { type Conclusion, runFacts } from "../../conclude.ts";
import { plotRows } from "../../plot-rows.ts";
import { targetOf } from "../../target-inputs.ts";
import { accountMetrics, accountNotes, unlabelledOf } from "./account.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import type { Judged, Seen } from "./judging.ts";
import type { ShadowRun } from "./shadow-run.ts";

/** A shadow says no only when the candidate is proven worse: at the default thousand samples the noise of a point
 * estimate would stop good models, and the canary that follows asks for proof. A gate's own rule wins. */
export const rule = "refute";
/** Of all looks together. */
export const confidence = 0.95;

/** What a shadow found out, whichever its mode. */
export interface Findings {
  run: ShadowRun;
  seen: Seen;
  judged: Judged;
  /** Those of the gates and of the contract test. */
  verdicts: Verdict[];
  /** Labels of compared answers that came only when the verdict was made. */
  late: number;
  /** What has changed in the contract and breaks nobody. */
  notes: string[];
  /** How often it was looked whether there is enough for a verdict. */
  looks: number;
  /** null: no cluster. */
  cluster: ClusterFacts | null;
}

type Told = Findings & { candidate: Release; startedAt: number };
type Context = ActionContext<ShadowOutputs>;

export async function conclusionOf(inputs: ShadowInputs, context: Context, told: Told): Promise<Conclusion> {
  const { verdicts, candidate, judged, run } = told;
  const report = reportOf(inputs, context, told);
  for (const note of report.notes) context.log.info(note);
  const account = accountMetrics(told);
  const metrics = { ...report.metrics, candidate: { ...report.metrics.candidate, ...account } };
  return {
    verdict: overall(verdicts),
    verdicts,
    metrics: metricsFile({ ...metrics, verdicts }),
    evidence: testResultStatement({
      kind: "shadow",
      subject: { name: candidate.label, digest: candidate.digest },
      verdicts,
      rule,
      confidence,
      configuration: [
        {
          name: `gates of ${inputs.resource.text}`,
          digest: configurationOf(inputs),
        },
        { name: run.stable.label, digest: run.stable.digest },
        ...(await digestsOf(inputs.requests ?? [])),
      ],
      metrics,
      tool: report.run.tool,
      startedAt: report.run.startedAt,
      finishedAt: report.run.finishedAt,
      runUrl: report.run.url,
    }),
    report: shadowPage(report, plotRows((judged.labelled ?? judged.answers).evaluation)),
    summary: shadowSummary(report),
    sentence: shadowStory(report).headline,
  };
}

function configurationOf(inputs: ShadowInputs): string {
  // All that decides beside the gates.
  const settings = {
    mode: inputs.mode,
    ...(inputs.percent === 100 ? {} : { percent: inputs.percent }),
    minSamples: inputs["min-samples"],
    minCoverage: inputs["min-coverage"],
    rate: inputs.rate ?? null,
    tolerance: inputs.tolerance ?? null,
    labelled: inputs.labels !== undefined,
    duration: inputs.duration,
  };
  return configurationDigest({ gates: inputs.gates, rule, confidence, settings });
}

async function digestsOf(paths: readonly string[]): Promise<NamedDigest[]> {
  return Promise.all(
    paths.map(async (path) => {
      return { name: `requests ${basename(path)}`, digest: await fileDigest(path) };
    }),
  );
}

function reportOf(inputs: ShadowInputs, context: Context, told: Told): ShadowReportInput {
  const { run, seen, judged, verdicts, late, candidate, startedAt } = told;
  const { counts, tally } = run;
  const { labelled, answers, power } = judged;
  // What needs no label is known of more answers than those with one.
  const metrics = {
    candidate: { ...labelled?.result.candidate, ...answers.result.candidate },
    baseline: { ...labelled?.result.baseline, ...answers.result.baseline },
  };
  return {
    mode: inputs.mode,
    target: targetOf(inputs),
    resource: inputs.resource.text,
    ...(told.cluster === null ? {} : { cluster: told.cluster }),
    stable: run.stable,
    candidate,
    requests: { sent: run.sent, compared: tally.compared, labelled: labelled?.evaluation.labels.length ?? 0 },
    coverage: {
      eligible: tally.eligible,
      compared: tally.compared,
      duplicates: tally.duplicates,
      late,
      unlabelled: unlabelledOf(seen),
      minimum: inputs["min-coverage"],
    },
    comparison: { auc: labelled === null ? null : aucComparison(labelled.result, confidence) },
    ...(run.contract === null ? {} : { contract: { versions: run.contract.versions } }),
    minimumSamples: inputs["min-samples"],
    failures: counts.ok
      ? { stable: counts.stable.errors, candidate: counts.candidate.errors }
      : { stable: 0, candidate: 0 },
    nan: { stable: nanOf(seen, "stable"), candidate: nanOf(seen, "candidate") },
    latency: { stable: latencyOf(seen, "stable"), candidate: latencyOf(seen, "candidate") },
    task: answers.evaluation.task,
    metrics,
    rule,
    confidence,
    verdicts,
    power,
    notes: accountNotes(told, inputs["min-coverage"]),
    run: { ...runFacts(context, startedAt), configuration: configurationOf(inputs) },
  };
}

type Side = "stable" | "candidate";

/** Requests with at least one answer that is no number. */
function nanOf({ compared }: Seen, side: Side): number {
  const scores = compared.scores[side];
  const width = compared.rows === 0 ? 1 : scores.length / compared.rows;
  let found = 0;
  for (let request = 0; request < compared.requests; request += 1) {
    const [from, to] = [compared.starts[request] as number, compared.starts[request + 1] as number];
    if (scores.subarray(from * width, to * width).some(Number.isNaN)) found += 1;
  }
  return found;
}

function latencyOf({ compared }: Seen, side: Side): LatencyQuantiles | null {
  if (compared.requests === 0) return null;
  const ms = compared.ms[side].toSorted();
  return {
    p50Ms: quantileOfSorted(ms, 0.5),
    p95Ms: quantileOfSorted(ms, 0.95),
    p99Ms: quantileOfSorted(ms, 0.99),
  };
}
