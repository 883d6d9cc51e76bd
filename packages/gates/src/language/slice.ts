import type { Slice } from "../types.ts";
import type { Cursor } from "./cursor.ts";
import { visible } from "./messages.ts";

/** Characters that need no quotes, spaces inside included. */
const bareText = /[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}{}=,"\\]+/uy;
const wholeBareText =
  /^[^\p{C}\p{Z}{}=,"\\](?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}{}=,"\\]*[^\p{C}\p{Z}{}=,"\\])?$/u;
const escapeSequence = /\\(?:["\\]|u\{[0-9a-fA-F]{1,6}\})/uy;
const quotedText = /[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"\\]+/uy;

/** Reads `{column=value}` with the cursor on the brace. */
export function parseSlice(cursor: Cursor): Slice {
  const open = cursor.offset;
  cursor.offset++;
  const column = parseText(cursor, "the column of the slice").text;
  if (cursor.peek() !== "=") {
    cursor.fail(
      "expected = between the column and the value of the slice",
      `Write it as {${shown(column)}=value} or {${shown(column)}=*}.`,
    );
  }
  cursor.offset++;
  const { text: value, quoted } = parseText(cursor, "the value of the slice");
  if (cursor.peek() === ",") {
    cursor.fail(
      "a slice has one column and one value",
      'A comma inside a value needs quotes: {city="New York, NY"}.',
    );
  }
  if (cursor.atEnd()) {
    cursor.fail("the brace of the slice is never closed", "Write } behind the value.", open);
  }
  if (cursor.peek() !== "}") {
    cursor.fail(
      "expected } behind the value of the slice",
      'A value with = { } or \\ in it needs quotes: {name="a=b"}.',
    );
  }
  cursor.offset++;
  return { column, value, every: !quoted && value === "*" };
}

function parseText(cursor: Cursor, what: string): { text: string; quoted: boolean } {
  cursor.skipSpace();
  if (cursor.peek() === '"') {
    const text = parseQuoted(cursor);
    cursor.skipSpace();
    return { text, quoted: true };
  }
  const start = cursor.offset;
  const text = cursor.take(bareText)?.trim() ?? "";
  if (text === "") {
    cursor.fail(`expected ${what}`, undefined, start);
  }
  return { text, quoted: false };
}

function parseQuoted(cursor: Cursor): string {
  const open = cursor.offset;
  cursor.offset++;
  let text = "";
  while (cursor.peek() !== '"') {
    if (cursor.atEnd()) {
      cursor.fail("the quote is never closed", 'Write " behind the value.', open);
    }
    const start = cursor.offset;
    const escaped = cursor.take(escapeSequence);
    const piece = escaped === undefined ? cursor.take(quotedText) : decodeEscape(escaped);
    if (piece === undefined) {
      cursor.fail(
        "this character must be escaped inside quotes",
        'Escapes are \\" \\\\ and \\u{hexadecimal code point}.',
        start,
      );
    }
    text += piece;
  }
  cursor.offset++;
  return text;
}

/** undefined for a code point that Unicode does not have. */
function decodeEscape(escaped: string): string | undefined {
  if (!escaped.startsWith("\\u")) {
    return escaped.slice(1);
  }
  const point = Number.parseInt(escaped.slice(3, -1), 16);
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}

/** `{carrier=UA}`, quoted where bare text would read differently. */
export function formatSlice({ column, value, every }: Slice): string {
  return `{${shown(column)}=${every ? "*" : value === "*" ? '"*"' : shown(value)}}`;
}

function shown(text: string): string {
  return wholeBareText.test(text) ? text : `"${visible(text.replace(/["\\]/g, "\\$&"))}"`;
}

/** Metric with slice as it stands in verdicts and metrics files: `f1{carrier=UA}`. */
export function formatMetric(metric: string, slice: Slice | undefined): string {
  return slice === undefined ? metric : metric + formatSlice(slice);
}
