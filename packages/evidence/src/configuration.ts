/** The digest that tells evidence of one gate configuration from that of another, laxer one. */
import { createHash } from "node:crypto";
import type { DecisionRule, Gate } from "@ml-actions/gates/types";
import canonicalize from "canonicalize";
import { EvidenceError } from "./error.ts";

export interface GateConfiguration {
  gates: readonly Gate[];
  rule: DecisionRule;
  confidence: number;
  /** Everything else that changes what a pass means: threshold, min-samples, slices, steps. */
  settings?: Readonly<Record<string, Setting>>;
}

type Setting = string | number | boolean | null | readonly Setting[];

/**
 * `sha256:…` over the canonical JSON (RFC 8785) of the gates' normalised texts, sorted, the rule, the confidence and the
 * settings. The order in which gates were written does not matter; a bracketed rule of a gate's own is in its text.
 *
 * @throws EvidenceError `invalid-result` for a number that is not finite.
 */
export function configurationDigest({ gates, rule, confidence, settings = {} }: GateConfiguration): string {
  const texts = gates.map(({ text }) => text).toSorted();
  return `sha256:${createHash("sha256")
    .update(canonicalJson({ gates: texts, rule, confidence, settings }))
    .digest("hex")}`;
}

/**
 * RFC 8785: the same value gives the same bytes, whatever the order of its keys.
 *
 * @throws EvidenceError `invalid-result` for NaN, Infinity and half surrogate pairs, which JSON cannot carry.
 */
export function canonicalJson(value: object): string {
  try {
    return canonicalize(value) ?? "null";
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EvidenceError(
      "invalid-result",
      `A result cannot be written as JSON: ${why}.`,
      "This is a bug: please report it.",
      {
        cause,
      },
    );
  }
}
