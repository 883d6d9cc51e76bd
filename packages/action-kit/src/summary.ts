/**
 * The job summary. GitHub drops the whole summary of a step when it is over 1 MiB, so what would not fit is cut at
 * the end of a paragraph or of a table row, with a line that says so.
 */

/** docs.github.com, "Adding a job summary": 1 MiB a step. */
export const LARGEST_SUMMARY_BYTES = 1024 * 1024;
/** The notice about the cut and the tags to close fit in this. */
const RESERVED_BYTES = 4096;
/** In characters: rather than giving up more than this, the cut goes through it, at a line. */
const LONGEST_PARAGRAPH = 2048;

/**
 * The part of `markdown` that fits into `roomBytes`; the whole when it fits. Code fences and `<details>` that the cut
 * leaves open are closed, so that the notice does not vanish in a fold. Empty when there is no room even for a notice.
 */
export function fitSummary(markdown: string, roomBytes: number): string {
  const bytes = Buffer.from(markdown);
  if (bytes.length <= roomBytes) return markdown;
  if (roomBytes < RESERVED_BYTES) return "";
  // Decoding stops in the middle of a character at worst; the last line goes anyway.
  const head = bytes.subarray(0, roomBytes - RESERVED_BYTES).toString("utf8");
  const whole = Math.max(head.lastIndexOf("\n\n"), head.lastIndexOf("|\n") + 1);
  const border = head.length - whole > LONGEST_PARAGRAPH ? head.lastIndexOf("\n") : whole;
  const kept = border > 0 ? head.slice(0, border) : "";
  const cutKib = Math.ceil((bytes.length - Buffer.byteLength(kept)) / 1024);
  const notice = `_Cut here: ${cutKib} KiB more would not fit into a job summary. The report file of this run has all of it._`;
  return `${kept}\n${closing(kept)}\n${notice}\n`;
}

function closing(markdown: string): string {
  const fences = markdown.match(/^(```+|~~~+)/gm) ?? [];
  const fence = fences.length % 2 === 1 ? `${fences.at(-1)}\n` : "";
  const open = count(markdown, /<details\b/gi) - count(markdown, /<\/details>/gi);
  return `${fence}${"</details>".repeat(Math.min(Math.max(open, 0), 100))}\n`;
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
