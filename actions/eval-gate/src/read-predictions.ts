/** A file of predictions as rows to judge. */
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { type Baseline, findBaseline } from "./baseline.ts";
import { openRows } from "./dataset.ts";
import type { EvalGateInputs, EvalGateOutputs } from "./definition.ts";
import { Predictions } from "./predictions.ts";
import { noColumns, RowFacts, rowColumns, shown } from "./row-facts.ts";

export interface JudgedPredictions {
  evaluation: Evaluation;
  /** What the candidate is compared with: the column `baseline` or metrics; null: nothing. */
  baseline: MetricsBaseline | "column" | null;
  rows: number;
}

type MetricsBaseline = Baseline & { kind: "metrics" };
type Context = ActionContext<EvalGateOutputs>;

export async function readPredictions(
  path: string,
  inputs: EvalGateInputs,
  context: Context,
): Promise<JudgedPredictions> {
  let columns = noColumns;
  let compared = false;
  const { batches } = await openRows(path, inputs.schema, (present, schema) => {
    if (!present.includes("candidate")) throw missingColumn("candidate", present);
    columns = rowColumns(present, inputs, {
      name: inputs.label ?? schema?.label ?? "label",
      named: inputs.label !== undefined,
      missing: (name) => missingColumn(name, present),
    });
    compared = present.includes("baseline");
    const { label, weight, group, slices } = columns;
    return ["candidate", compared ? "baseline" : null, label, weight, group, ...slices];
  });
  try {
    const metrics = compared ? null : await metricsBaseline(inputs, context);
    const facts = new RowFacts(columns, null);
    const predictions = new Predictions({
      label: columns.label,
      positive: inputs["positive-label"],
      compared,
      ranked: columns.group !== null,
    });
    for await (const table of batches) {
      facts.append(table);
      predictions.append(table);
    }
    return {
      evaluation: {
        ...facts.take(),
        ...predictions.take(),
        ...(metrics === null ? {} : { baseline: { metrics: metrics.metrics } }),
        threshold: inputs.threshold ?? 0.5,
      },
      baseline: compared ? "column" : metrics,
      rows: facts.rows,
    };
  } finally {
    await batches.return();
  }
}

async function metricsBaseline(inputs: EvalGateInputs, context: Context): Promise<MetricsBaseline | null> {
  const given = await findBaseline(inputs, context, "metrics");
  if (given?.kind !== "model") return given;
  throw new UserError("`baseline` is a model, but `predictions` were given instead of models.", {
    remedy:
      "Write the baseline's predictions into the column `baseline`, or give a metrics JSON as `baseline`, or an image whose signed evidence has them.",
  });
}

function missingColumn(name: string, present: readonly string[]): UserError {
  return new UserError(`The predictions have no column \`${name}\`; they have ${shown(present)}.`, {
    remedy:
      "Write the columns `label`, `candidate` and, for gates that compare, `baseline`; `label` may have another name if the input `label` gives it.",
  });
}
