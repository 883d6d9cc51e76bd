/** Identities with `*` as regular expressions (RE2), and texts as literals of the policy languages. */

/** The whole text must match: engines search with it, and an open end would let `…/main.evil` in. */
export function anchoredPattern(glob: string): string {
  return `^${glob.split("*").map(escaped).join(".*")}$`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/**
 * A string literal of Rego and CEL alike: JSON in ASCII. Nothing in it can end the literal; line breaks, controls and
 * what is not ASCII are `\uXXXX`.
 */
export function literal(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Data as one term of Rego, which holds JSON. */
export function regoTerm(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const everySlice = /^([^{]*\{(?:[^"{}=]+|"(?:\\.|[^"\\])*")=)\*(\}.*)$/s;

/** The gates that count as this one: itself, or any slice of `{column=*}`. */
export function gatePattern(gate: string): string {
  const [, before, after] = everySlice.exec(gate) ?? [];
  return before === undefined || after === undefined
    ? `^${escaped(gate)}$`
    : `^${escaped(before)}.+${escaped(after)}$`;
}
