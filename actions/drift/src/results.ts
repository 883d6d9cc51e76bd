/** What was found, as the report, the files and the outputs have it. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { configurationDigest, metricsFile, testResultStatement } from "@ml-actions/evidence";
import { type DriftResult, formatProfile } from "@ml-actions/gates/drift";
import { formatMetric } from "@ml-actions/gates/language/slice";
import { overall } from "@ml-actions/gates/overall";
import { type DriftReportInput, driftPage, driftStory, driftSummary } from "@ml-actions/reports";
import type { Conclusion } from "../../conclude.ts";
import { runFacts } from "../../conclude.ts";
import { isEstimated } from "./combinations.ts";
import type { DriftInputs, DriftOutputs } from "./definition.ts";
import { figureOf } from "./drifted.ts";
import type { Predictions } from "./predictions.ts";
import type { Sample } from "./samples.ts";

export interface Findings {
  inputs: DriftInputs;
  reference: Sample;
  current: Sample;
  result: DriftResult;
  report: DriftReportInput;
}

/** A feature fails only when its drift is beyond the bound and significant. */
const rule = "refute";

/** What alerts and the cooldown are about. The reference by name, not by content: one that moves with time is still it. */
export function subjectOf({ resource, reference }: DriftInputs): string {
  return resource?.text ?? basename(reference);
}

export function reportOf(
  inputs: DriftInputs,
  context: { holder: string },
  found: {
    reference: Sample;
    current: Sample;
    predictions: Predictions | null;
    result: DriftResult;
    startedAt: number;
  },
): DriftReportInput {
  const { reference, current, predictions, result } = found;
  const dataOf = ({ name, digest, profile }: Sample) => ({ name, digest, rows: profile.rows });
  const estimated = result.verdicts.filter(({ metric }) => isEstimated({ metric }));
  return {
    reference: dataOf(reference),
    current: dataOf(current),
    confidence: inputs.confidence,
    gates: result.verdicts,
    features: result.features,
    estimated: estimated.map(({ metric, observed, interval, reason }) => ({
      metric,
      value: observed,
      interval,
      ...(observed === null ? { refused: reason } : {}),
    })),
    actions: [],
    notes: predictions?.notes ?? [],
    run: { ...runFacts(context, found.startedAt), configuration: configurationOf(inputs) },
  };
}

export function conclusionOf({ inputs, reference, current, result, report }: Findings): Conclusion {
  const { confidence } = inputs;
  const { verdicts } = result;
  const metrics = metricsOf(inputs, result);
  return {
    verdict: overall(verdicts),
    verdicts,
    metrics: metricsFile({ candidate: metrics, baseline: null, verdicts }),
    evidence: testResultStatement({
      kind: "drift",
      subject: { name: current.name, digest: current.digest },
      verdicts,
      rule,
      confidence,
      configuration: [
        { name: "gates", digest: configurationOf(inputs) },
        { name: `reference ${reference.name}`, digest: reference.digest },
      ],
      metrics: { candidate: metrics, baseline: null },
      tool: report.run.tool,
      startedAt: report.run.startedAt,
      finishedAt: report.run.finishedAt,
      runUrl: report.run.url,
    }),
    ...pagesOf(report),
    sentence: driftStory(report).headline,
  };
}

function configurationOf({ gates, confidence, columns, threshold }: DriftInputs): string {
  const settings = { columns: columns?.toSorted() ?? null, threshold };
  return configurationDigest({ gates, rule, confidence, settings });
}

export function pagesOf(report: DriftReportInput): Pick<Conclusion, "report" | "summary"> {
  return { report: driftPage(report), summary: driftSummary(report) };
}

/** What the evidence may name: a metric of a thousand characters is none. */
const longestMetric = 1000;

/** Of every feature what the gates ask for, and how much of it is missing. */
function metricsOf({ gates }: DriftInputs, { features, verdicts }: DriftResult): Record<string, number> {
  const asked = new Set(["psi", "missing_rate", ...gates.map(({ metric }) => metric)]);
  const ofFeatures = features.flatMap((feature) =>
    [...asked].flatMap((metric) => {
      const value = figureOf(feature, metric);
      const name = formatMetric(metric, { column: "feature", value: feature.feature, every: false });
      return value === null || name.length > longestMetric ? [] : [[name, value] as const];
    }),
  );
  const estimated = verdicts.flatMap(({ metric, observed }) =>
    isEstimated({ metric }) && observed !== null ? [[metric, observed] as const] : [],
  );
  return Object.fromEntries([...ofFeatures, ...estimated]);
}

/** Both profiles among the run's files, and the reference's where it was asked for. */
export async function writeProfiles(
  context: Pick<ActionContext<DriftOutputs>, "directory" | "output">,
  { inputs, reference, current }: Findings,
): Promise<void> {
  const asked = inputs["profile-out"];
  const path =
    asked === undefined ? join(context.directory, "reference.profile.json") : await placeFor(resolve(asked));
  await writeFile(path, formatProfile(reference.profile)).catch((cause: Error) => refuse(path, cause));
  context.output("profile", path);
  const currentPath = join(context.directory, "current.profile.json");
  await writeFile(currentPath, formatProfile(current.profile));
  context.output("current-profile", currentPath);
}

async function placeFor(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true }).catch((cause: Error) => refuse(path, cause));
  return path;
}

function refuse(path: string, cause: Error): never {
  throw new UserError(`\`profile-out\`: ${path} cannot be written: ${cause.message}`, {
    remedy: "Give the path of a file that this job may write, such as `models/flights.profile.json`.",
    cause,
  });
}
