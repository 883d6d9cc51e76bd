/** What to say about an error, to whom: the reader who can act on it, or us, whose bug it is. */
import { inspect } from "node:util";
import { NegativeVerdict } from "./action.ts";

export type Failure =
  /** The work is done and the answer is no; everything is said already. */
  | { kind: "negative"; message: string }
  /** The run was cancelled and the story stopped because of that. */
  | { kind: "cancelled" }
  | { kind: "reader"; message: string; remedies: string[]; causes: string[] }
  | { kind: "bug"; message: string; causes: string[]; stack: string };

/** A chain of causes longer than this says nothing more; a cyclic one would never end. */
const MOST_CAUSES = 8;
const MOST_MEMBERS = 20;

/**
 * Every Error with a string `remedy` is the reader's to fix, and so is an AggregateError whose members all are.
 * Anything else, also what is no Error at all, is a bug.
 */
export function failureOf(thrown: unknown, signal?: AbortSignal): Failure {
  if (signal?.aborted && isAbort(thrown, signal)) return { kind: "cancelled" };
  if (thrown instanceof NegativeVerdict) return { kind: "negative", message: thrown.message };
  const members = membersOf(thrown);
  if (members.length > 0 && members.every((member) => remedyOf(member) !== undefined)) {
    const message = [
      thrown instanceof Error ? thrown.message : "",
      ...members.map((member) => `- ${messageOf(member)}`),
    ]
      .filter(Boolean)
      .join("\n");
    return {
      kind: "reader",
      message,
      remedies: [...new Set(members.map((member) => remedyOf(member) ?? ""))].filter(Boolean),
      causes: members.flatMap(causesOf),
    };
  }
  const remedy = remedyOf(thrown);
  if (remedy !== undefined) {
    return {
      kind: "reader",
      message: messageOf(thrown),
      remedies: [remedy].filter(Boolean),
      causes: causesOf(thrown),
    };
  }
  const causes = [
    ...causesOf(thrown),
    ...members.flatMap((member) => [messageOf(member), ...causesOf(member)]),
  ];
  return { kind: "bug", message: messageOf(thrown), causes, stack: inspect(thrown, { depth: 4 }) };
}

/** "Error message", with the class where it says more than Error, and the code of a system error. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error))
    return `something was thrown that is no Error: ${inspect(thrown, { depth: 1 })}`;
  if (remedyOf(thrown) !== undefined) return thrown.message;
  return thrown.name === "Error" || thrown.message === ""
    ? thrown.message || thrown.name
    : `${thrown.name}: ${thrown.message}`;
}

/** UserError has `remedy: undefined` where there is nothing to do beyond what its message says. */
function remedyOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("remedy" in thrown)) return undefined;
  if (typeof thrown.remedy === "string") return thrown.remedy;
  return thrown.name === "UserError" ? "" : undefined;
}

function membersOf(thrown: unknown): unknown[] {
  return thrown instanceof AggregateError ? thrown.errors.slice(0, MOST_MEMBERS) : [];
}

function causesOf(thrown: unknown): string[] {
  const causes: string[] = [];
  let cause = thrown instanceof Error ? thrown.cause : undefined;
  while (cause !== undefined && causes.length < MOST_CAUSES) {
    causes.push(messageOf(cause));
    causes.push(...membersOf(cause).map(messageOf));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/** What `signal.throwIfAborted()`, `fetch` and `timers/promises` throw: the reason itself, or an AbortError. */
function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  if (thrown === signal.reason) return true;
  return thrown instanceof Error && (thrown.name === "AbortError" || thrown.cause === signal.reason);
}
