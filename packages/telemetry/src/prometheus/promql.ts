/** Text that goes into PromQL. */

/** A string literal in double quotes. */
export function literal(text: string): string {
  return `"${insideQuotes(text, '"')}"`;
}

/** What stands for `text` between these quotes: Go's escapes, as PromQL has them. */
export function insideQuotes(text: string, quote: '"' | "'"): string {
  const escapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\\": "\\\\", [quote]: `\\${quote}` };
  return text.replace(/[\n\r\\"']/g, (character) => escapes[character] ?? character);
}

/** A pattern of RE2 that matches exactly this. */
export function pattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** `name=~"one|other"`: exactly one of these. */
export function oneOf(label: string, values: readonly string[]): string {
  return `${label}=~${literal(values.map(pattern).join("|"))}`;
}
