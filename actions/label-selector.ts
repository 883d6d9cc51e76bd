/**
 * A label selector as kubectl takes it after `-l`, checked here so that a slip is told by its place and not by an API
 * server's answer, and never selects more than was meant. The grammar is that of Kubernetes' `labels.Parse`.
 */
import { UserError } from "@ml-actions/action-kit/action";
import { shown } from "@ml-actions/action-kit/wording";

const longest = 2000;
const word = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?";
const prefix = "[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?";
const key = `((?:${prefix}/)?${word})`;
const requirements: readonly [RegExp, (key: string, value: string) => string | null][] = [
  [new RegExp(`^${key}$`), (name) => name],
  [new RegExp(`^!\\s*${key}$`), (name) => `!${name}`],
  [new RegExp(`^${key}\\s*==?\\s*(${word}|)$`), (name, value) => `${name}=${value}`],
  [new RegExp(`^${key}\\s*!=\\s*(${word}|)$`), (name, value) => `${name}!=${value}`],
  [new RegExp(`^${key}\\s+in\\s*\\(([^()]*)\\)$`), (name, set) => membership(name, "in", set)],
  [new RegExp(`^${key}\\s+notin\\s*\\(([^()]*)\\)$`), (name, set) => membership(name, "notin", set)],
];

/** @returns the selector in one way of writing it: `team=search,tier in (gold,silver)`
 * @throws UserError naming the part that is none */
export function parseSelector(written: string): string {
  if (written.length > longest) throw refused(`is longer than ${longest} characters`);
  const parts = splitOutsideParentheses(written).map((part) => part.trim());
  if (parts.length === 1 && parts[0] === "") throw refused("is empty, which would select everything");
  return parts.map(requirementOf).join(",");
}

function requirementOf(part: string): string {
  for (const [form, write] of requirements) {
    const [, name = "", value = ""] = form.exec(part) ?? [];
    const requirement = name === "" ? null : write(name, value);
    if (requirement !== null) return requirement;
  }
  throw refused(`has a part that is no requirement: ${shown(part)}`);
}

/** null: one of them is no label's value. */
function membership(name: string, operator: "in" | "notin", set: string): string | null {
  const values = set.split(",").map((value) => value.trim());
  const all = values.every((value) => value === "" || new RegExp(`^${word}$`).test(value));
  return all ? `${name} ${operator} (${values.join(",")})` : null;
}

function splitOutsideParentheses(written: string): string[] {
  return written.split(/,(?![^()]*\))/);
}

function refused(why: string): UserError {
  return new UserError(`its label selector ${why}`, {
    remedy:
      "Write it as for `kubectl get -l`: `team=search`, `team=search,tier!=test`, `tier in (gold, silver)`, `!legacy`.",
  });
}
