/** What a bundle claims to be, read without believing it: it only tells which bundles are worth verifying for which
 * evidence, and which refusal explains best why there is none. The bytes read here are those under the signature. */
import { type EvidenceName, imageSignatureType, predicateTypes } from "../predicates.ts";
import type { AttachedBundle } from "../signing.ts";
import { figuresField } from "../statement.ts";

export type Kind = EvidenceName | "signature";

const predicateTypeAnnotation = "dev.sigstore.bundle.predicateType";
const typeOf: Readonly<Record<Kind, string>> = { signature: imageSignatureType, ...predicateTypes };
const kinds = Object.keys(typeOf) as Kind[];

/** The kinds that it may be of: one, when it can be read; by its label those of a predicate type; any without a label. */
export function kindsOf({ referrer, text }: AttachedBundle): readonly Kind[] {
  const statement = text === null ? null : unverified(text);
  if (statement !== null) {
    const kind = kindOf(statement.predicateType, statement.predicate);
    return kind === null ? [] : [kind];
  }
  const label = referrer.annotations[predicateTypeAnnotation];
  return label === undefined ? kinds : kinds.filter((kind) => typeOf[kind] === label);
}

/** Kinds that share a predicate type are told apart by their own word for it; null: none that we know. */
export function kindOf(predicateType: unknown, predicate: unknown): Kind | null {
  const [first, ...more] = kinds.filter((kind) => typeOf[kind] === predicateType);
  if (first === undefined || more.length === 0) return first ?? null;
  const own = field(field(predicate, figuresField), "kind");
  return [first, ...more].find((kind) => kind === own) ?? null;
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
