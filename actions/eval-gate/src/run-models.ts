/** Candidate and baseline over the rows of a dataset, as a stream: what stays of a row is its label and its scores. */
import { basename } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { latencyQuantile } from "@ml-actions/gates/catalog";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import type { Task } from "@ml-actions/gates/types";
import type { Contract } from "@ml-actions/serving/contract";
import { findRuntime } from "@ml-actions/serving/runtime";
import type { Baseline } from "./baseline.ts";
import { openRows, type Rows } from "./dataset.ts";
import type { EvalGateInputs, EvalGateOutputs } from "./definition.ts";
import { Features } from "./features.ts";
import { type Answers, type Model, ModelRun, processesFor, type RunOptions } from "./models.ts";
import { noColumns, RowFacts, rowColumns, shown } from "./row-facts.ts";
import { truthFor } from "./truth.ts";

export interface Judged {
  evaluation: Evaluation;
  rows: number;
  /** Rows that a server would refuse. */
  refused: string[];
}

interface Models {
  candidate: Model;
  baseline: Baseline | null;
}

type Context = ActionContext<EvalGateOutputs>;
type Contestant = { model: Model; features: Features };

export async function runModels(
  { candidate, baseline }: Models,
  inputs: EvalGateInputs,
  context: Context,
): Promise<Judged> {
  const { contract } = candidate;
  const task = taskOf(contract, inputs);
  const models = baseline?.kind === "model" ? [candidate, baseline.model] : [candidate];
  const contestants = models.map((model) => ({ model, features: new Features(model.contract) }));
  let columns = noColumns;
  const rows = await openRows(inputs.dataset as string, inputs.schema, (present, schema) => {
    const name = inputs.label ?? contract.label?.column ?? schema?.label ?? "label";
    const missing = () => missingLabel(name, present);
    columns = rowColumns(present, inputs, { name, named: inputs.label !== undefined, missing });
    const { label, weight, group, slices } = columns;
    return [
      ...contestants.flatMap(({ features }) => features.columns(present)),
      label,
      weight,
      group,
      ...slices,
    ];
  });
  const facts = new RowFacts(
    columns,
    columns.label === null ? null : truth(columns.label, task, inputs, contract),
  );
  const [ours, theirs] = await answersOf(contestants, rows, facts, inputs, context);
  return {
    evaluation: {
      task,
      ...(contract.output.classes === undefined ? {} : { classes: contract.output.classes }),
      threshold: inputs.threshold ?? contract.threshold ?? 0.5,
      ...facts.take(),
      ...scoresOf(ours as Answers, theirs, baseline),
    },
    rows: facts.rows,
    refused: contestants[0]?.features.refused() ?? [],
  };
}

function taskOf({ task, model, version }: Contract, { group }: EvalGateInputs): Task {
  if (group === undefined) return task;
  if (task !== "multiclass") return "ranking";
  throw new UserError(`${model} ${version} is a multiclass model: it gives no one score to rank rows by.`, {
    remedy: "Leave out the input `group`, or give a model with one score a row.",
  });
}

function truth(name: string, task: Task, inputs: EvalGateInputs, { label, output }: Contract) {
  const positive = inputs["positive-label"] ?? label?.positive?.toString();
  return truthFor({ name, task, positive, classes: output.classes });
}

/** What each model answers to all rows, in the order of the models. No process is left behind. */
async function answersOf(
  contestants: readonly Contestant[],
  rows: Rows,
  facts: RowFacts,
  inputs: EvalGateInputs,
  context: Context,
): Promise<Answers[]> {
  let runs: ModelRun[] = [];
  try {
    const options = await runOptions(contestants.length, rows, inputs, context);
    const starts = await Promise.allSettled(
      contestants.map(({ model, features }) => ModelRun.start(model, features, options)),
    );
    runs = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    const failed = starts.find((start) => start.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return await feed(runs, rows, facts, inputs, context);
  } finally {
    await rows.batches.return();
    await Promise.all(runs.map((run) => run.stop()));
  }
}

async function runOptions(
  models: number,
  { first }: Rows,
  { gates }: EvalGateInputs,
  { programs, log }: Context,
): Promise<RunOptions> {
  return {
    programs,
    runtime: await findRuntime({ inference: programs.inference, onProgress: log.info }),
    processes: processesFor(models, first.rows < manyRows),
    timed: gates.some((gate) => latencyQuantile(gate.metric) !== undefined),
    log,
  };
}

/** The first batch holds so many when there are more: fewer rows do not repay the start of several processes. */
const manyRows = 50_000;
/** How often a reader of the log learns that rows are still coming. */
const progressMs = 30_000;

/** The models answer side by side while the dataset is read; single rows are timed afterwards, when nothing else runs. */
async function feed(
  runs: readonly ModelRun[],
  { batches, width }: Rows,
  facts: RowFacts,
  { dataset }: EvalGateInputs,
  { log, signal }: Context,
): Promise<Answers[]> {
  const name = basename(dataset as string);
  let toldMs = performance.now();
  for await (const table of batches) {
    signal.throwIfAborted();
    facts.append(table);
    for (const run of runs) await run.append(table);
    if (performance.now() - toldMs < progressMs) continue;
    toldMs = performance.now();
    log.info(`${name}: ${facts.rows} rows so far`);
  }
  log.info(`${name}: ${facts.rows} rows, ${width} columns`);
  for (const run of runs) await run.finish();
  const answers: Answers[] = [];
  for (const run of runs) {
    signal.throwIfAborted();
    answers.push(await run.answers());
  }
  return answers;
}

function scoresOf(
  ours: Answers,
  theirs: Answers | undefined,
  baseline: Baseline | null,
): Pick<Evaluation, "candidate" | "baseline" | "latencyMs"> {
  const times = theirs?.latencyMs === undefined ? {} : { baseline: theirs.latencyMs };
  const compared =
    theirs !== undefined
      ? { baseline: theirs.values }
      : baseline?.kind === "metrics"
        ? { baseline: { metrics: baseline.metrics } }
        : {};
  return {
    candidate: ours.values,
    ...compared,
    ...(ours.latencyMs === undefined ? {} : { latencyMs: { candidate: ours.latencyMs, ...times } }),
  };
}

function missingLabel(name: string, present: readonly string[]): UserError {
  return new UserError(`The dataset has no label column \`${name}\`; it has ${shown(present)}.`, {
    remedy: "Name the column that holds the truth in the input `label`.",
  });
}
