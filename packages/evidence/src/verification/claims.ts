/** What a bundle claims to be, read without believing it: it only tells which bundles are worth verifying for which
 * evidence, and which refusal explains best why there is none. The bytes read here are those under the signature. */
import { type EvidenceName, imageSignatureType, predicateTypes } from "../predicates.ts";
import type { AttachedBundle } from "../signing.ts";
import { figuresField } from "../statement.ts";

/** `unknown`: nothing can be read, so it may have been anything. */
export type Claimed = EvidenceName | "signature" | "other" | "unknown";

const predicateTypeAnnotation = "dev.sigstore.bundle.predicateType";

export function claimedBy({ referrer, text }: AttachedBundle): Claimed {
  const statement = text === null ? null : unverified(text);
  if (statement !== null) return kindOf(statement.predicateType, statement.predicate);
  const hint = referrer.annotations[predicateTypeAnnotation];
  if (hint === undefined) return "unknown";
  const kind = kindOf(hint, null);
  return kind === "other" && Object.values(predicateTypes).includes(hint) ? "unknown" : kind;
}

/** Kinds that share a predicate type are told apart by their own word for it. */
export function kindOf(predicateType: unknown, predicate: unknown): Claimed {
  if (predicateType === imageSignatureType) return "signature";
  const figures = field(predicate, figuresField);
  const names = (Object.keys(predicateTypes) as EvidenceName[]).filter(
    (name) => predicateTypes[name] === predicateType,
  );
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  return names.find((name) => name === field(figures, "kind")) ?? "other";
}

function unverified(text: string): { predicateType: unknown; predicate: unknown } | null {
  try {
    const payload = field(field(JSON.parse(text), "dsseEnvelope"), "payload");
    if (typeof payload !== "string") return null;
    const statement = JSON.parse(Buffer.from(payload, "base64").toString("utf8"));
    return { predicateType: field(statement, "predicateType"), predicate: field(statement, "predicate") };
  } catch {
    // Verified as it is, it says what is wrong with it.
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
