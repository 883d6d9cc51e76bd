/** Predictions that were made elsewhere: a file with the columns `label`, `candidate` and, to compare, `baseline`. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column, Table } from "@ml-actions/datasets/types";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import type { Numbers } from "@ml-actions/gates/metrics/numbers";
import type { Task } from "@ml-actions/gates/types";
import { CodedColumn } from "./coded-column.ts";
import { CompactNumbers } from "./compact-numbers.ts";
import { type Truth, truthFor } from "./truth.ts";

export interface PredictionOptions {
  /** Name of the label column; null: there is none. */
  label: string | null;
  positive?: string | undefined;
  /** The file has a column `baseline`. */
  compared: boolean;
  /** The rows belong to queries. */
  ranked: boolean;
}

type Judged = Pick<Evaluation, "task" | "labels" | "candidate"> & {
  classes?: readonly string[];
  baseline?: Numbers;
};

/**
 * Numbers with a label of two values are scores of a binary model, numbers with any other numeric label the values of a
 * regression model, words the predicted classes of a multiclass model; rows of queries are a ranking. Without labels,
 * numbers from 0 to 1 are scores.
 */
export class Predictions {
  readonly #options: PredictionOptions;
  #answers: Answered | null = null;

  constructor(options: PredictionOptions) {
    this.#options = options;
  }

  /** @throws UserError naming the column that does not fit */
  append(table: Table): void {
    const column = (name: string) => table.columns.get(name) as Column;
    const { label, compared, ranked } = this.#options;
    const candidate = column("candidate");
    this.#answers ??=
      candidate.kind === "string" && !ranked ? new Classes(this.#options) : new Scores(this.#options);
    this.#answers.append(
      candidate,
      compared ? column("baseline") : null,
      label === null ? null : column(label),
    );
  }

  /** @throws UserError when the labels do not fit */
  take(): Judged {
    return (this.#answers as Answered).take();
  }
}

interface Answered {
  append(candidate: Column, baseline: Column | null, label: Column | null): void;
  take(): Judged;
}

class Scores implements Answered {
  readonly #options: PredictionOptions;
  readonly #candidate = new CompactNumbers();
  readonly #baseline = new CompactNumbers();
  #truth: Truth | null = null;
  #task: Task = "binary";

  constructor(options: PredictionOptions) {
    this.#options = options;
    if (options.ranked) this.#task = "ranking";
  }

  append(candidate: Column, baseline: Column | null, label: Column | null): void {
    const scores = numbers(candidate);
    this.#candidate.append(scores);
    if (baseline !== null) this.#baseline.append(numbers(baseline));
    if (label === null) this.#look(scores, (value) => value >= 0 && value <= 1);
    else this.#appendLabels(label);
  }

  #appendLabels(label: Column): void {
    const { positive } = this.#options;
    const named = label.kind !== "number" || positive !== undefined;
    if (this.#truth === null) {
      // Numbers are kept as they are: the whole column tells whether they are two classes or values.
      const task = this.#task === "ranking" || named ? this.#task : "regression";
      this.#truth = truthFor({ name: label.name, task, positive });
    }
    if (label.kind === "number" && !named) this.#look(label.values, (value) => value === 0 || value === 1);
    this.#truth.append(label);
  }

  /** One number that no binary model has makes it a regression. */
  #look(values: Float64Array, isBinary: (value: number) => boolean): void {
    if (this.#task !== "binary") return;
    if (!values.every((value) => Number.isNaN(value) || isBinary(value))) this.#task = "regression";
  }

  take(): Judged {
    const rows = this.#candidate.length;
    return {
      task: this.#task,
      labels: this.#truth?.take() ?? new Float32Array(rows).fill(Number.NaN),
      candidate: this.#candidate.take(),
      ...(this.#options.compared ? { baseline: this.#baseline.take() } : {}),
    };
  }
}

function numbers(column: Column): Float64Array {
  if (column.kind === "number") return column.values;
  throw new UserError(
    `The column \`${column.name}\` of the predictions holds ${column.kind}s, numbers are expected.`,
    {
      remedy: "Write scores or values as numbers; for classes write words in both columns.",
    },
  );
}

/** A predicted class is a share of 1 for that class; a class that nobody predicts still counts where it is the truth. */
class Classes implements Answered {
  readonly #options: PredictionOptions;
  readonly #candidate = new CodedColumn("candidate");
  readonly #baseline = new CodedColumn("baseline");
  readonly #label: CodedColumn;

  constructor(options: PredictionOptions) {
    this.#options = options;
    this.#label = new CodedColumn(options.label ?? "label");
  }

  append(candidate: Column, baseline: Column | null, label: Column | null): void {
    if (baseline !== null && baseline.kind !== "string") {
      throw new UserError("The column `candidate` holds words, the column `baseline` does not.", {
        remedy: "Write the predicted class as a word in both.",
      });
    }
    this.#candidate.append(candidate);
    if (baseline !== null) this.#baseline.append(baseline);
    if (label !== null) this.#label.append(label);
  }

  take(): Judged {
    const { compared } = this.#options;
    const columns = [this.#label, this.#candidate, this.#baseline];
    const classes = [...new Set(columns.flatMap(({ names }) => names))].sort();
    const candidate = oneHot(this.#candidate, classes);
    const rows = candidate.length / classes.length;
    const unlabelled = () => new Float32Array(rows).fill(Number.NaN);
    return {
      task: "multiclass",
      classes,
      labels:
        this.#options.label === null ? unlabelled() : this.#label.mapped(placesOf(this.#label, classes)),
      candidate,
      ...(compared ? { baseline: oneHot(this.#baseline, classes) } : {}),
    };
  }
}

function placesOf(column: CodedColumn, classes: readonly string[]): Float64Array {
  const place = new Map(classes.map((name, index) => [name, index]));
  return Float64Array.from(column.names, (name) => place.get(name) as number);
}

function oneHot(column: CodedColumn, classes: readonly string[]): Numbers {
  const predicted = column.mapped(placesOf(column, classes));
  const shares = new Float32Array(predicted.length * classes.length);
  for (let row = 0; row < predicted.length; row += 1) {
    const place = predicted[row] as number;
    // No prediction: not a number in every class, so that the verdict names it.
    if (Number.isNaN(place)) shares.fill(Number.NaN, row * classes.length, (row + 1) * classes.length);
    else shares[row * classes.length + place] = 1;
  }
  return shares;
}
