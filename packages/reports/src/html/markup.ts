/**
 * HTML and SVG out of a template that escapes what is put into it, so that forgetting is impossible: text becomes text,
 * only markup made here stays markup.
 */
import { oneLine } from "../clean.ts";

export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Numbers are coordinates: two decimals are enough for any screen. null is nothing. */
export type Content = string | number | Markup | null | readonly Content[];

/** `html\`<p title="${name}">${name}</p>\``: values are escaped for text and for quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = strings[0] ?? "";
  values.forEach((value, index) => {
    text += markupOf(value) + (strings[index + 1] ?? "");
  });
  return new Markup(text);
}

export const nothing = new Markup("");

/** Well-formed as HTML 5 and as XML 1.0. */
export function escaped(value: string): string {
  return oneLine(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function markupOf(value: Content): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "string") return escaped(value);
  if (typeof value === "number") return coordinate(value);
  return value.map(markupOf).join("");
}

/** An SVG with "NaN" in a path draws nothing after it: such a value is a bug, shown at the origin and not hidden. */
function coordinate(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(2))) : "0";
}
