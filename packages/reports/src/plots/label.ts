import { oneLine } from "../clean.ts";

/** Widths of 12 px text in DejaVu Sans, the widest of the fonts that the pages may be shown in. */
const narrow = /[ijl|!.,:;'`()[\]{}ftrI /\\-]/;
const wide = /[mwMW@%&—…]|[^ -\u02ff\u2010-\u203a\u2264-\u2265]/u;
const upper = /[A-Z#<>=+~^_≤≥]/;

/** How much room a text takes at most, in units of the drawing. */
export function roomFor(text: string): number {
  let room = 0;
  for (const character of text) {
    room += narrow.test(character) ? 5.2 : wide.test(character) ? 12.5 : upper.test(character) ? 10 : 7.7;
  }
  return room;
}

/** The name, shortened in its middle until it fits; names that differ in their ends stay apart. */
export function fitted(name: string, room: number): string {
  const line = oneLine(name) || "(no name)";
  if (roomFor(line) <= room) return line;
  const characters = [...line];
  for (let kept = Math.min(characters.length - 1, 60); kept > 1; kept--) {
    const head = Math.ceil(kept * 0.6);
    const tail = characters.slice(characters.length - (kept - head));
    const label = `${characters.slice(0, head).join("")}…${tail.join("")}`;
    if (roomFor(label) <= room) return label;
  }
  return "…";
}
