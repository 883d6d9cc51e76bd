/** The truth of each row, gathered batch by batch. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column } from "@ml-actions/datasets/types";
import type { Numbers } from "@ml-actions/gates/metrics/numbers";
import type { Task } from "@ml-actions/gates/types";
import { type LabelRules, labelsOf } from "../../labels.ts";
import { CodedColumn } from "./coded-column.ts";
import { CompactNumbers } from "./compact-numbers.ts";

export interface Truth {
  /** @throws UserError when it is plain already that the column cannot be the truth */
  append(column: Column): void;
  /** One number a row, NaN where the label is missing.
   * @throws UserError when the column cannot be the truth for the task, naming the values that were found */
  take(): Numbers;
}

export interface TruthRules extends LabelRules {
  name: string;
}

const truths: Record<Task, (rules: TruthRules) => Truth> = {
  binary: (rules) => new TruthOfClasses(rules),
  multiclass: (rules) => new TruthOfClasses(rules),
  regression: (rules) => new TruthInNumbers((column) => labelsOf(column, rules)),
  ranking: () => new TruthInNumbers(relevanceOf),
};

export function truthFor(rules: TruthRules): Truth {
  return truths[rules.task](rules);
}

/** Which label a value is depends on the distinct values alone, and is asked when all of them are known. */
class TruthOfClasses implements Truth {
  readonly #rules: TruthRules;
  readonly #column: CodedColumn;
  #checked: number;

  constructor(rules: TruthRules) {
    this.#rules = rules;
    this.#column = new CodedColumn(rules.name);
    // So many distinct values prove nothing: the rest may still come.
    this.#checked = rules.task === "multiclass" ? 0 : 2;
  }

  append(column: Column): void {
    this.#column.append(column);
    // A column that cannot be the truth is better refused now than after minutes of inference.
    const mayLack = this.#rules.task === "binary" && this.#rules.positive !== undefined;
    if (mayLack || this.#column.size <= this.#checked) return;
    this.#checked = this.#column.size;
    this.#labels();
  }

  #labels(): Float64Array {
    return labelsOf(this.#column.distinct(), this.#rules);
  }

  take(): Numbers {
    return this.#column.mapped(this.#labels());
  }
}

class TruthInNumbers implements Truth {
  readonly #numbers = new CompactNumbers();
  readonly #of: (column: Column) => Float64Array;

  constructor(of: (column: Column) => Float64Array) {
    this.#of = of;
  }

  append(column: Column): void {
    this.#numbers.append(this.#of(column));
  }

  take(): Numbers {
    return this.#numbers.take();
  }
}

function relevanceOf(column: Column): Float64Array {
  if (column.kind === "number") return column.values;
  if (column.kind === "boolean") {
    return Float64Array.from(column.values, (value, row) =>
      column.missing?.[row] === 1 ? Number.NaN : value,
    );
  }
  throw new UserError(
    `The label column ${JSON.stringify(column.name)} holds strings, a ranking needs the relevance of each row as a number.`,
    { remedy: "Write relevances from 0 on (0 = not relevant), or leave out the input `group`." },
  );
}
