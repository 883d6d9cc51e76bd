import { memberOf } from "./catalog/families.ts";
import { catalog, type Metric, type Place } from "./catalog/table.ts";
import { GatesError } from "./error.ts";
import type { Gate, Task } from "./types.ts";

export { type Family, memberOf } from "./catalog/families.ts";
export { catalog, type Metric, type Place, type Unit } from "./catalog/table.ts";

const byName = new Map(catalog.map((metric) => [metric.name, metric]));

/** The metric of this exact name, or undefined. Resolves families: `latency.p95` has the entry of `latency.pNN`
 * under its own name; `latency.pNN` itself is no metric. */
export function findMetric(name: string): Metric | undefined {
  const member = memberOf(name);
  const metric = byName.get(member?.family ?? name);
  if (metric === undefined || (metric.family !== undefined && member === undefined)) {
    return undefined;
  }
  return member === undefined ? metric : { ...metric, name };
}

/** The quantile that a latency metric asks for, above 0 and below 1; undefined for any other name. */
export function latencyQuantile(name: string): number | undefined {
  const member = memberOf(name);
  return member?.family === "latency.pNN" ? member.parameter : undefined;
}

/** What an action offers to gates. `task` is known once a model or predictions are read. */
export interface Offer {
  place: Place;
  task?: Task;
}

const homes: Record<Place, string> = {
  offline: "eval-gate and, with labels, shadow",
  online: "deploy and shadow",
  drift: "drift",
};

/** Refuses, all at once, the gates whose metric cannot be had here: another action's, or another task's.
 * @throws GatesError `metric-not-here` */
export function assertGatesApply(gates: readonly Gate[], offer: Offer): void {
  const problems = gates.flatMap((gate) => {
    const why = whyNotHere(gate.metric, offer);
    return why === undefined ? [] : [`"${gate.text}": ${why}`];
  });
  if (problems.length > 0) {
    throw new GatesError(
      "metric-not-here",
      `${problems.length === 1 ? "A gate asks" : `${problems.length} gates ask`} for a metric that cannot be had here:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
      `Remove the gate or choose one of: ${namesFor(offer).join(", ")}.`,
    );
  }
}

function whyNotHere(name: string, { place, task }: Offer): string | undefined {
  const metric = findMetric(name);
  if (metric === undefined) {
    return `unknown metric ${name}`;
  }
  if (!metric.places.includes(place)) {
    return `${name} belongs to ${metric.places.map((where) => homes[where]).join(" and ")}`;
  }
  if (place === "offline" && task !== undefined && !metric.tasks.includes(task)) {
    return `${name} is for ${metric.tasks.join(" and ")} models, this one is ${task}`;
  }
  return undefined;
}

/** Names of the metrics that can be had, families by their catalog name, `fN`. */
export function namesFor({ place, task }: Offer): string[] {
  return catalog
    .filter((metric) => metric.places.includes(place))
    .filter((metric) => place !== "offline" || task === undefined || metric.tasks.includes(task))
    .map((metric) => metric.name);
}

/** Names of the metrics that can be had and that a report shows unasked: of a family its usual members. */
export function usualNamesFor(offer: Offer): string[] {
  return namesFor(offer).flatMap((name) => byName.get(name)?.family?.usual ?? [name]);
}
