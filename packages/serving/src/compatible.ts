/** Whether callers of one release can be sent to another: the contract check before anything is compared or deployed. */
import type { Contract, Feature } from "./contract.ts";
import { quote } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

export type BreakCode =
  | "task-changed"
  | "feature-removed"
  | "feature-required"
  | "type-changed"
  | "range-narrowed"
  | "values-narrowed"
  | "output-missing"
  | "classes-changed"
  | "positive-changed";

/** One way in which a request, or a reader of the answer, that worked with the baseline fails with the candidate. */
export class ContractBreak {
  readonly code: BreakCode;
  readonly message: string;
  readonly remedy: string;
  constructor(code: BreakCode, message: string, remedy: string) {
    this.code = code;
    this.message = message;
    this.remedy = remedy;
  }
  toString(): string {
    return `${this.message}. ${this.remedy}`;
  }
}

export interface Compatibility {
  /** Empty: every caller of the baseline may be sent to the candidate. */
  problems: ContractBreak[];
  /** What has changed and breaks nobody. */
  notes: string[];
}

/** Compares what callers see: features and answers, not how the graph takes them. */
export function compatible(baseline: Contract, candidate: Contract): Compatibility {
  const features = new Map(candidate.features.map((feature) => [feature.name, feature]));
  const problems = [
    ...baseline.features.flatMap((before) => featureBreaks(before, features.get(before.name), candidate)),
    ...addedBreaks(baseline, candidate),
    ...outputBreaks(baseline, candidate),
  ];
  return { problems, notes: harmlessChanges(baseline, candidate) };
}

function featureBreaks(before: Feature, after: Feature | undefined, candidate: Contract): ContractBreak[] {
  const name = quote(before.name);
  if (after === undefined) {
    const renamed = didYouMean(
      before.name,
      candidate.features.map((feature) => feature.name),
    );
    return [
      new ContractBreak(
        "feature-removed",
        `the feature ${name} is gone, and requests that hold it would be refused${renamed}`,
        "Keep it in the contract, if need be fed to a graph input that the model ignores.",
      ),
    ];
  }
  const breaks: ContractBreak[] = [];
  if (before.optional && !after.optional) {
    const message = `the feature ${name} was optional and is now required`;
    breaks.push(new ContractBreak("feature-required", message, "Make it optional."));
  }
  // Every integer is a number, so a feature may widen that way.
  if (before.type !== after.type && !(before.type === "integer" && after.type === "number")) {
    const message = `the feature ${name} was ${before.type} and is now ${after.type}`;
    return [
      ...breaks,
      new ContractBreak("type-changed", message, "Keep its type, or add a feature of another name."),
    ];
  }
  return [...breaks, ...rangeBreaks(before, after), ...valueBreaks(before, after)];
}

function rangeBreaks(before: Feature, after: Feature): ContractBreak[] {
  const shown = ({ minimum, maximum }: Feature) => `${minimum ?? "any"} to ${maximum ?? "any"}`;
  const narrowed =
    (after.minimum ?? Number.NEGATIVE_INFINITY) > (before.minimum ?? Number.NEGATIVE_INFINITY) ||
    (after.maximum ?? Number.POSITIVE_INFINITY) < (before.maximum ?? Number.POSITIVE_INFINITY);
  if (!narrowed) return [];
  const message = `the feature ${quote(before.name)} could be ${shown(before)} and may now be ${shown(after)}`;
  return [new ContractBreak("range-narrowed", message, "Allow the whole range of before.")];
}

function valueBreaks(before: Feature, after: Feature): ContractBreak[] {
  if (after.values === undefined) return [];
  const name = quote(before.name);
  if (before.values === undefined) {
    const message = `the feature ${name} could be any string and may now be one of ${after.values.length}`;
    return [new ContractBreak("values-narrowed", message, "Leave its values open.")];
  }
  const allowed = new Set(after.values);
  const gone = before.values.filter((value) => !allowed.has(value));
  if (gone.length === 0) return [];
  const message = `the feature ${name} may no longer be ${listed(gone)}`;
  return [new ContractBreak("values-narrowed", message, "Allow every value of before.")];
}

function addedBreaks(baseline: Contract, candidate: Contract): ContractBreak[] {
  return added(baseline, candidate)
    .filter((feature) => !feature.optional)
    .map(
      ({ name }) =>
        new ContractBreak(
          "feature-required",
          `the feature ${quote(name)} is new and required, and no caller of today sends it`,
          "Make it optional.",
        ),
    );
}

function outputBreaks(baseline: Contract, candidate: Contract): ContractBreak[] {
  if (baseline.task !== candidate.task) {
    const message = `the model was ${baseline.task} and is now ${candidate.task}`;
    return [new ContractBreak("task-changed", message, "Deploy it as a resource of its own.")];
  }
  const breaks: ContractBreak[] = [];
  if (baseline.output.name !== candidate.output.name) {
    breaks.push(
      new ContractBreak(
        "output-missing",
        `the output ${quote(baseline.output.name)} is gone; the answer is now ${quote(candidate.output.name)}`,
        `Name the graph's output ${quote(baseline.output.name)} again.`,
      ),
    );
  }
  const [before, after] = [baseline.output.classes ?? [], candidate.output.classes ?? []];
  if (before.length !== after.length || before.some((name, index) => name !== after[index])) {
    const message = `the classes were ${listed(before)} and are now ${listed(after)}`;
    breaks.push(new ContractBreak("classes-changed", message, "Keep the classes and their order."));
  }
  const [positive, now] = [baseline.label?.positive, candidate.label?.positive];
  if (positive !== undefined && now !== undefined && String(positive) !== String(now)) {
    const message = `the score was that of ${quote(positive)} and is now that of ${quote(now)}`;
    breaks.push(new ContractBreak("positive-changed", message, "Answer with the score of the same value."));
  }
  return breaks;
}

function harmlessChanges(baseline: Contract, candidate: Contract): string[] {
  const features = new Map(candidate.features.map((feature) => [feature.name, feature]));
  const optional = added(baseline, candidate).filter((feature) => feature.optional);
  const relaxed = baseline.features.filter(
    (before) => !before.optional && features.get(before.name)?.optional,
  );
  const notes = [
    ...optional.map(({ name }) => `the optional feature ${quote(name)} is new`),
    ...relaxed.map(({ name }) => `the feature ${quote(name)} is now optional`),
  ];
  if (baseline.threshold !== candidate.threshold) {
    notes.push(
      `the threshold was ${baseline.threshold ?? "not set"} and is now ${candidate.threshold ?? "not set"}`,
    );
  }
  return notes;
}

function added(baseline: Contract, candidate: Contract): Feature[] {
  const known = new Set(baseline.features.map((feature) => feature.name));
  return candidate.features.filter((feature) => !known.has(feature.name));
}

function listed(values: readonly string[]): string {
  const shown = values.slice(0, 8).map(quote).join(", ");
  return values.length > 8 ? `${shown} and ${values.length - 8} more` : shown;
}
