/** shadow, top to bottom: let both sides answer the same requests, judge the answers, tell. */
import type { ActionContext, Story } from "@ml-actions/action-kit/action";
import { configurationDigest, metricsFile, testResultStatement } from "@ml-actions/evidence";
import { overall } from "@ml-actions/gates/overall";
import { quantileOfSorted } from "@ml-actions/gates/statistics/quantile";
import {
  type LatencyQuantiles,
  type ShadowReportInput,
  shadowPage,
  shadowSummary,
} from "@ml-actions/reports";
import { shadowStory } from "@ml-actions/reports/story/shadow";
import { releaseFromModel } from "@ml-actions/rollout/release";
import type { Release } from "@ml-actions/rollout/target";
import { loadContract } from "@ml-actions/serving/load-contract";
import { conclude, runFacts } from "../../conclude.ts";
import { plotRows } from "../../plot-rows.ts";
import type { definition, ShadowInputs, ShadowOutputs } from "./definition.ts";
import { type Judged, judgeShadow, type Rules } from "./judging.ts";
import { readLabels } from "./labels-file.ts";
import { mirror } from "./mirror.ts";
import { replay } from "./replay.ts";
import type { ShadowRun } from "./shadow-run.ts";

type Definition = typeof definition;

/** A shadow says no only when the candidate is proven worse: at the default thousand samples the noise of a point
 * estimate would stop good models, and the canary that follows asks for proof. A gate's own rule wins. */
const rule = "refute";
const confidence = 0.95;

export const shadow: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const startedAt = Date.now();
  const candidate = await releaseFromModel(inputs.candidate);
  const contract = await loadContract(candidate.model.contract);
  const rules: Rules = { rule, confidence, minSamples: inputs["min-samples"] };
  const judgeRun = async (run: ShadowRun) => {
    const labels = inputs.labels === undefined ? null : await readLabels(inputs.labels, context.directory);
    return judgeShadow(inputs.gates, { pairs: run.pairs, labels, counts: run.counts }, contract, rules);
  };
  const settled = async (run: ShadowRun) => overall((await judgeRun(run)).verdicts) !== "inconclusive";
  const run =
    inputs.mode === "mirror"
      ? await mirror(inputs, context, candidate, settled)
      : await replay(inputs, context, candidate);
  const judged = await judgeRun(run);
  context.output("passed", String(overall(judged.verdicts) === "pass"));
  await conclude(
    context,
    conclusionOf(
      inputs,
      candidate,
      run,
      judged,
      reportOf(inputs, context, candidate, run, judged, startedAt),
    ),
  );
};

function conclusionOf(
  inputs: ShadowInputs,
  candidate: Release,
  run: ShadowRun,
  judged: Judged,
  report: ShadowReportInput,
) {
  const { verdicts, labelled } = judged;
  const { gates } = inputs;
  const settings = { mode: inputs.mode, minSamples: inputs["min-samples"] };
  return {
    verdict: overall(verdicts),
    verdicts,
    metrics: metricsFile({ ...report.metrics, verdicts }),
    evidence: testResultStatement({
      kind: "shadow",
      subject: { name: candidate.label, digest: candidate.digest },
      verdicts,
      rule,
      confidence,
      configuration: [
        {
          name: `gates of ${inputs.resource}`,
          digest: configurationDigest({ gates, rule, confidence, settings }),
        },
        { name: run.stable.label, digest: run.stable.digest },
      ],
      metrics: report.metrics,
      tool: report.run.tool,
      startedAt: report.run.startedAt,
      finishedAt: report.run.finishedAt,
      runUrl: report.run.url,
    }),
    report: shadowPage(report, labelled === null ? null : plotRows(labelled.evaluation)),
    summary: shadowSummary(report),
    sentence: shadowStory(report).headline,
  };
}

function reportOf(
  inputs: ShadowInputs,
  context: ActionContext<ShadowOutputs>,
  candidate: Release,
  run: ShadowRun,
  { verdicts, labelled, power }: Judged,
  startedAt: number,
): ShadowReportInput {
  const { counts, pairs } = run;
  const none = { candidate: {}, baseline: null };
  const metrics =
    labelled === null ? none : { candidate: labelled.result.candidate, baseline: labelled.result.baseline };
  return {
    mode: inputs.mode,
    target: inputs.target,
    resource: inputs.resource,
    stable: run.stable,
    candidate,
    requests: { sent: run.sent, compared: pairs.length, labelled: labelled?.evaluation.labels.length ?? 0 },
    minimumSamples: inputs["min-samples"],
    failures: counts.ok
      ? { stable: counts.stable.errors, candidate: counts.candidate.errors }
      : { stable: 0, candidate: 0 },
    nan: { stable: nanOf(run, "stable"), candidate: nanOf(run, "candidate") },
    latency: { stable: latencyOf(run, "stable"), candidate: latencyOf(run, "candidate") },
    task: labelled?.evaluation.task ?? "binary",
    metrics,
    rule,
    confidence,
    verdicts,
    power,
    notes: notesOf(run),
    run: runFacts(context, startedAt),
  };
}

function notesOf({ counts, unmatched, ambiguous }: ShadowRun): string[] {
  return [
    ...(counts.ok ? [] : [`The counts of requests could not be had: ${counts.detail}`]),
    ...(unmatched > 0
      ? [
          `${unmatched} answers of stable have none of the candidate beside them: it failed, or had no time for the copy`,
        ]
      : []),
    ...(ambiguous > 0 ? [`${ambiguous} request ids came more than once and were left out`] : []),
  ];
}

type Side = "stable" | "candidate";

function nanOf({ pairs }: ShadowRun, side: Side): number {
  return pairs.filter((pair) => pair[side].outputs.includes(null)).length;
}

function latencyOf({ pairs }: ShadowRun, side: Side): LatencyQuantiles | null {
  if (pairs.length === 0) return null;
  const ms = Float64Array.from(pairs, (pair) => pair[side].ms).sort();
  return {
    p50Ms: quantileOfSorted(ms, 0.5),
    p95Ms: quantileOfSorted(ms, 0.95),
    p99Ms: quantileOfSorted(ms, 0.99),
  };
}
