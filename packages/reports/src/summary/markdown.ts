/**
 * Markdown as GitHub renders it in a job summary, made of values that may be hostile. Everything that could start a
 * structure becomes a character reference: CommonMark 0.31 §2.5 says that a reference is text and never structure,
 * and it holds in paragraphs, table cells and inline HTML alike.
 */
import { oneLine } from "../clean.ts";

/** U+2060 after a sign that GitHub would turn into a mention, an issue reference or a link. */
const wordJoiner = "&#8288;";

/** Signs of Markdown and HTML; `@` and `#` before what they would link to, `:` of an address or an emoji, `www.`. */
const structural = /[&<>"'`*_[\]|\\~$]|@(?=[\w-])|#(?=\d)|:(?=\/\/|[\w+-]+:)|(?<=\bwww)\./gi;

/** Prose: shown as it is, linking and notifying nobody. */
export function text(value: string, maxLength?: number): string {
  return oneLine(value, maxLength).replace(structural, reference);
}

/** A sentence of ours: what it quotes in backticks gets its box, all else is `text`. */
export function prose(value: string, maxLength?: number): string {
  return oneLine(value, maxLength)
    .split(/(`[^`]+`)/)
    .map((part, index) => (index % 2 === 1 ? code(part.slice(1, -1)) : part.replace(structural, reference)))
    .join("");
}

/** A name, in a monospaced box. A code span where its content allows it, so that the source stays readable. */
export function code(value: string, maxLength?: number): string {
  const line = oneLine(value, maxLength);
  if (line === "") return "—";
  return /[`|\\]/.test(line) ? `<code>${text(line)}</code>` : `\`${line}\``;
}

/** A name inside HTML (`<summary>`), where Markdown may not be read. */
export function codeInHtml(value: string, maxLength?: number): string {
  return `<code>${text(value, maxLength)}</code>`;
}

/** A link with our own words, to http(s) only; the words alone when the address is anything else. */
export function link(words: string, url: string | null): string {
  if (url === null || !/^https?:\/\/[^\s<>"'`()[\]|\\]+$/.test(url)) return text(words);
  return `[${text(words)}](${url})`;
}

export interface MarkdownColumn {
  title: string;
  align: "left" | "right" | "center";
}

const rulers = { left: ":--", right: "--:", center: ":-:" } as const;

/** A table of cells that are Markdown already. */
export function table(columns: readonly MarkdownColumn[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ align }) => rulers[align])),
    ...rows.map(line),
  ].join("\n");
}

/** `summary` is HTML, `body` Markdown. */
export function details(summary: string, body: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** Sections with an empty line between them; empty ones vanish. */
export function sections(...parts: readonly (string | null)[]): string {
  return `${parts.filter(present).join("\n\n")}\n`;
}

/** GitHub drops a step's whole summary when it passes 1 MiB; several summaries share a job page. */
export const summaryCapBytes = 256 * 1024;

/**
 * Sections in order of importance; the first that does not fit, and all after it, are left out whole (half a table or
 * an open `<details>` would break what follows), and a line says so.
 */
export function cappedSections(parts: readonly (string | null)[], capBytes = summaryCapBytes): string {
  const wanted = parts.filter(present);
  const note = "*The rest does not fit in a job summary: the HTML report has all of it.*";
  const kept: string[] = [];
  let bytes = Buffer.byteLength(note) + 4;
  for (const part of wanted) {
    bytes += Buffer.byteLength(part) + 2;
    if (bytes > capBytes) return sections(...kept, note);
    kept.push(part);
  }
  return sections(...kept);
}

function present(part: string | null): part is string {
  return part !== null && part !== "";
}

function reference(character: string): string {
  switch (character) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    case ".":
      return `.${wordJoiner}`;
    case "@":
    case "#":
      return `&#${character.charCodeAt(0)};${wordJoiner}`;
    default:
      return `&#${character.charCodeAt(0)};`;
  }
}
