/** The card of a model in a bill of materials: its task, the dataset it was judged on, and its figures by slice. */
import type { ModelCard, PerformanceMetric } from "./sbom-format.ts";
import { figuresField, type TestResultStatement } from "./statement.ts";

export interface CardInput {
  /** Metric as the gate language has it → value: `auc`, `f1{carrier=UA}`. */
  metrics: Readonly<Record<string, number>>;
  /** Of the candidate's own value, where a gate gave one: metric → [low, high]; an open end is null. */
  intervals: Readonly<Record<string, readonly [number | null, number | null]>>;
  dataset: { name: string; version: string | null; digest: string } | null;
}

/** What the evidence of eval-gate tells of the model: the candidate's figures and the dataset. */
export function cardOf({ predicate }: TestResultStatement): CardInput {
  const { metrics, verdicts, dataset } = predicate[figuresField];
  const intervals: Record<string, [number | null, number | null]> = Object.create(null);
  for (const { gate, baseline, interval, observed } of verdicts) {
    // Against a baseline the interval is that of the comparison, not of the candidate's value.
    if (interval === null || baseline !== null) continue;
    const metric = metricOf(gate);
    if (metrics.candidate[metric] !== undefined && metrics.candidate[metric] === observed) {
      intervals[metric] = interval;
    }
  }
  return { metrics: metrics.candidate, intervals, dataset: dataset ?? null };
}

/** @param dataset bom-ref of the dataset, null without */
export function modelCard(task: string, input: CardInput | null, dataset: string | null): ModelCard {
  const metrics = Object.entries(input?.metrics ?? {});
  return {
    modelParameters: { task, ...(dataset === null ? {} : { datasets: [{ ref: dataset }] }) },
    ...(metrics.length === 0
      ? {}
      : {
          quantitativeAnalysis: {
            performanceMetrics: metrics.map(([name, value]) =>
              performanceMetric(name, value, input?.intervals[name]),
            ),
          },
        }),
  };
}

function performanceMetric(
  name: string,
  value: number,
  interval: readonly [number | null, number | null] | undefined,
): PerformanceMetric {
  const brace = name.indexOf("{");
  const [low, high] = interval ?? [null, null];
  return {
    type: brace === -1 ? name : name.slice(0, brace),
    value: String(value),
    ...(brace === -1 ? {} : { slice: name.slice(brace + 1, -1) }),
    ...(low === null && high === null
      ? {}
      : {
          confidenceInterval: {
            ...(low === null ? {} : { lowerBound: String(low) }),
            ...(high === null ? {} : { upperBound: String(high) }),
          },
        }),
  };
}

/** `auc{origin=JFK} >= 0.65 [prove]` → `auc{origin=JFK}`. */
function metricOf(gate: string): string {
  return gate.replace(/\s*(?:<=|>=|<|>|==)[^{}]*$/, "").trim();
}
