/** What is judged: two models run over a dataset, or predictions that were made elsewhere. */
import { basename } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { datasetVersion, loadSchema, readTable } from "@ml-actions/datasets";
import type { Table } from "@ml-actions/datasets/types";
import { latencyQuantile } from "@ml-actions/gates/catalog";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import type { NamedRelease } from "@ml-actions/reports";
import { fileDigest, releaseFromModel } from "@ml-actions/rollout/release";
import { compatible } from "@ml-actions/serving/compatible";
import { findRuntime } from "@ml-actions/serving/runtime";
import { labelsOf } from "../../labels.ts";
import { type Baseline, findBaseline, refuseWithout } from "./baseline.ts";
import type { EvalGateInputs, EvalGateOutputs } from "./definition.ts";
import { refusedByContract } from "./features.ts";
import { answersOf, type Model, modelOf, type RunOptions, refuseSame } from "./models.ts";
import { predictionsOf } from "./predictions.ts";
import { slicesOf } from "./slices.ts";

export interface Subject {
  evaluation: Evaluation;
  candidate: NamedRelease & { digest: string };
  baseline: NamedRelease | null;
  dataset: { name: string; version: string | null; rows: number; digest: string };
  /** What a reader should know beside the figures. */
  notes: string[];
}

type Context = ActionContext<EvalGateOutputs>;

/** Runs candidate and baseline over the dataset. */
export async function fromModels(inputs: EvalGateInputs, context: Context): Promise<Subject> {
  const candidate = await modelOf(await releaseFromModel(inputs.model as string));
  const baseline = await findBaseline(inputs.baseline, inputs.gates);
  const notes = baseline?.kind === "model" ? compare(candidate, baseline.model, context) : [];
  const path = inputs.dataset as string;
  const label = inputs.label ?? candidate.contract.label?.column ?? "label";
  const schema = inputs.schema === undefined ? {} : { schema: await loadSchema(inputs.schema) };
  const table = await readTable(path, schema);
  context.log.info(`${basename(path)}: ${table.rows} rows, ${table.columns.size} columns`);
  const labels = labelsOf(labelColumn(table, label), {
    task: candidate.contract.task,
    positive: inputs["positive-label"] ?? candidate.contract.label?.positive?.toString(),
    classes: candidate.contract.output.classes,
  });
  const scores = await runBoth(candidate, baseline, table, inputs, context);
  return {
    evaluation: { ...common(inputs, table, candidate), labels, ...scores },
    candidate: candidate.release,
    baseline: namedBaseline(baseline),
    dataset: await facts(path, table),
    notes: [...notes, ...refusedByContract(table, candidate.contract)],
  };
}

/** Takes the scores from a file. */
export async function fromPredictions(inputs: EvalGateInputs): Promise<Subject> {
  const path = inputs.predictions as string;
  const schema = inputs.schema === undefined ? {} : { schema: await loadSchema(inputs.schema) };
  const table = await readTable(path, schema);
  const options = { label: inputs.label ?? "label", positive: inputs["positive-label"] };
  const { task, classes, labels, candidate, baseline } = predictionsOf(table, options);
  const given = baseline === undefined ? await findBaseline(inputs.baseline, inputs.gates) : null;
  if (given?.kind === "model") {
    throw new UserError("`baseline` is a model, but `predictions` were given instead of models.", {
      remedy:
        "Write the baseline's predictions into the column `baseline`, or give a metrics JSON as `baseline`.",
    });
  }
  const scores = baseline ?? (given === null ? undefined : { metrics: given.metrics });
  if (scores === undefined) refuseWithout(inputs.gates);
  const dataset = await facts(path, table);
  return {
    evaluation: {
      task,
      ...(classes === undefined ? {} : { classes }),
      labels,
      candidate,
      ...(scores === undefined ? {} : { baseline: scores }),
      threshold: inputs.threshold ?? 0.5,
      slices: slicesOf(table, sliceColumns(inputs)),
    },
    candidate: { label: `${basename(path)}: candidate`, digest: dataset.digest },
    baseline: scores === undefined ? null : { label: given?.label ?? "baseline", digest: null },
    dataset,
    notes: [],
  };
}

/** Refuses a comparison that means nothing; returns what has changed in the contract. */
function compare(candidate: Model, baseline: Model, context: Context): string[] {
  refuseSame(candidate, baseline);
  const { problems, notes } = compatible(baseline.contract, candidate.contract);
  if (problems.length === 0) return notes;
  context.output("verdict", "fail");
  throw new UserError(
    `${candidate.release.label} breaks the contract of ${baseline.release.label}, callers of today would fail:\n  ${problems.map(String).join("\n  ")}`,
    {
      remedy:
        "Keep every input and output that callers use, or deploy the new contract as a resource of its own.",
    },
  );
}

async function runBoth(
  candidate: Model,
  baseline: Baseline | null,
  table: Table,
  inputs: EvalGateInputs,
  context: Context,
): Promise<Pick<Evaluation, "candidate" | "baseline" | "latencyMs">> {
  const options: RunOptions = {
    programs: context.programs,
    runtime: await findRuntime({ inference: context.programs.inference, onProgress: context.log.info }),
    timed: inputs.gates.some((gate) => latencyQuantile(gate.metric) !== undefined),
    log: context.log,
    signal: context.signal,
  };
  const ours = await answersOf(candidate, table, options);
  const theirs = baseline?.kind === "model" ? await answersOf(baseline.model, table, options) : null;
  const latencyMs =
    ours.latencyMs === undefined
      ? {}
      : {
          latencyMs: {
            candidate: ours.latencyMs,
            ...(theirs?.latencyMs === undefined ? {} : { baseline: theirs.latencyMs }),
          },
        };
  const compared =
    theirs !== null
      ? { baseline: theirs.values }
      : baseline?.kind === "metrics"
        ? { baseline: { metrics: baseline.metrics } }
        : {};
  return { candidate: ours.values, ...compared, ...latencyMs };
}

function common(inputs: EvalGateInputs, table: Table, { contract }: Model) {
  return {
    task: contract.task,
    ...(contract.output.classes === undefined ? {} : { classes: contract.output.classes }),
    threshold: inputs.threshold ?? contract.threshold ?? 0.5,
    slices: slicesOf(table, sliceColumns(inputs)),
  };
}

function sliceColumns({ slices = [], gates }: EvalGateInputs): string[] {
  return [...slices, ...gates.flatMap((gate) => (gate.slice === undefined ? [] : [gate.slice.column]))];
}

function labelColumn(table: Table, name: string) {
  const column = table.columns.get(name);
  if (column !== undefined) return column;
  const has = [...table.columns.keys()].slice(0, 20).map((key) => `\`${key}\``);
  throw new UserError(`The dataset has no label column \`${name}\`; it has ${has.join(", ")}.`, {
    remedy: "Name the column that holds the truth in the input `label`.",
  });
}

function namedBaseline(baseline: Baseline | null): NamedRelease | null {
  if (baseline === null) return null;
  return baseline.kind === "model" ? baseline.model.release : { label: baseline.label, digest: null };
}

async function facts(path: string, table: Table): Promise<Subject["dataset"]> {
  return {
    name: basename(path),
    version: datasetVersion(path),
    rows: table.rows,
    digest: await fileDigest(path),
  };
}
