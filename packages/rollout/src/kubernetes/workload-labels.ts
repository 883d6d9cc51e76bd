/**
 * Names and labels of a candidate's workload: nothing that selects stable's pods may select its. Services would give it
 * traffic before its time, budgets would count it as stable, another ReplicaSet would adopt it. Pure.
 */
import { createHash } from "node:crypto";
import { names } from "./platform.ts";

const suffix = "-candidate";

/** The longest that names of Services and values of labels can be. */
const maxChars = 63;

/** `flights-candidate`; of a name that is too long, its beginning and a hash of it. */
export function candidateName(name: string): string {
  return shortened(name, maxChars - suffix.length) + suffix;
}

/** Within the length, and different for different names. */
export function shortened(name: string, length = maxChars): string {
  if (name.length <= length) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, length - 9).replace(/[^a-zA-Z0-9]+$/, "")}-${hash}`;
}

/** A resource as a label's value: `deployment.flights`. */
export function resourceLabel(resource: string): string {
  return shortened(resource.replaceAll("/", "."));
}

/** What selects the candidate's pods, and no others. */
export function candidateSelector(resource: string): Record<string, string> {
  return { [names.side]: "candidate", [names.resource]: resourceLabel(resource) };
}

/** A set-based selector as far as it is equalities; null: it has expressions too. */
export interface Selecting {
  /** For people: `Service flights`. */
  who: string;
  matchLabels: Readonly<Record<string, string>>;
}

/** Whether equalities alone select these labels. An empty selector is taken as one that selects nothing, as Services
 * have it; a budget that selects all pods is meant for all. */
export function selects(matchLabels: Readonly<Record<string, string>>, labels: Record<string, string>) {
  const pairs = Object.entries(matchLabels);
  return pairs.length > 0 && pairs.every(([key, value]) => labels[key] === value);
}

/**
 * The candidate's labels: those of stable's template, with every key by which stable or anything else selects pods given
 * another value, and ours.
 *
 * @param stable labels of stable's template
 * @param own stable's own selector
 * @param others Services, budgets and whatever else selects pods by label
 */
export function candidateLabels(
  stable: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  others: readonly Selecting[],
  resource: string,
): Record<string, string> {
  const labels: Record<string, string> = { ...stable };
  delete labels["pod-template-hash"];
  const rename = (selector: Readonly<Record<string, string>>) => {
    for (const key of Object.keys(selector)) {
      const value = stable[key];
      if (value !== undefined && value !== "") labels[key] = candidateName(value);
      else delete labels[key];
    }
  };
  rename(own);
  for (const { matchLabels } of others) {
    if (selects(matchLabels, labels)) rename(matchLabels);
  }
  return { ...labels, ...candidateSelector(resource) };
}
