/** A file of predictions as rows to judge. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { findBaseline } from "./baseline.ts";
import { openRows } from "./dataset.ts";
import type { EvalGateInputs } from "./definition.ts";
import { Predictions } from "./predictions.ts";
import { noColumns, RowFacts, rowColumns, shown } from "./row-facts.ts";

export interface JudgedPredictions {
  evaluation: Evaluation;
  /** The name of what the candidate is compared with; null: nothing. */
  baseline: string | null;
  rows: number;
}

export async function readPredictions(path: string, inputs: EvalGateInputs): Promise<JudgedPredictions> {
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
    const metrics = compared ? null : await metricsBaseline(inputs);
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
      baseline: compared ? "baseline" : (metrics?.label ?? null),
      rows: facts.rows,
    };
  } finally {
    await batches.return();
  }
}

async function metricsBaseline({ baseline, gates }: EvalGateInputs) {
  const given = await findBaseline(baseline, gates);
  if (given?.kind !== "model") return given;
  throw new UserError("`baseline` is a model, but `predictions` were given instead of models.", {
    remedy:
      "Write the baseline's predictions into the column `baseline`, or give a metrics JSON as `baseline`.",
  });
}

function missingColumn(name: string, present: readonly string[]): UserError {
  return new UserError(`The predictions have no column \`${name}\`; they have ${shown(present)}.`, {
    remedy:
      "Write the columns `label`, `candidate` and, for gates that compare, `baseline`; `label` may have another name if the input `label` gives it.",
  });
}
