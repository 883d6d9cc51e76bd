/**
 * Text from a file, made fit for a message: in double quotes, cut short, and with every control, format (zero-width,
 * bidirectional override) and surrogate character escaped, so that a cell can neither start a line nor reorder one.
 */
export function quote(text: string, maxLength = 40): string {
  const characters = Array.from(text.slice(0, maxLength * 2));
  const cut = characters.length > maxLength || text.length > maxLength * 2;
  const shown = cut ? characters.slice(0, maxLength) : characters;
  return `"${shown.map(escapeCharacter).join("")}${cut ? "…" : ""}"`;
}

/** A message of other software on one line, with what could break or reorder the line escaped; not quoted or cut. */
export function oneLine(text: string): string {
  return Array.from(text, (character) =>
    UNSAFE.test(character) ? escapeCharacter(character) : character,
  ).join("");
}

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;
const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" };

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  if (!UNSAFE.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** At most `limit` quoted names, then how many more there are. */
export function quoteAll(names: readonly string[], limit = 12): string {
  const shown = names.slice(0, limit).map((name) => quote(name));
  const more = names.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more.toLocaleString("en-US")} more` : "");
}
