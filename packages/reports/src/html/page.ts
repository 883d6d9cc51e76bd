/** The shell of every page: one file, no script, nothing fetched from anywhere. */
import { createHash } from "node:crypto";
import { counted, dateAndTime, duration } from "../figures.ts";
import type { RunFacts } from "../inputs.ts";
import { type Content, html, Markup } from "./markup.ts";
import { style } from "./style.ts";

export interface Page {
  title: string;
  /** Cards from top to bottom; null leaves one out. */
  content: readonly Content[];
  run: RunFacts;
}

/** The policy allows this one style sheet by its hash and nothing else: a name that escaped our escaping could still
 * neither run nor fetch anything. */
const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'`;

/** What a browser opens at once anywhere, and an artifact viewer still shows. */
export const pageCapBytes = 500_000;
/** For the shell around the parts. */
const shellBytes = 2000 + Buffer.byteLength(style);

/** Parts that fit, in order; one that does not is left out whole, and a line says so. */
function cappedParts(content: readonly Content[]): Content[] {
  let bytes = shellBytes;
  const parts = content.map((part) => html`${part}`);
  const kept = parts.filter((part) => {
    const size = Buffer.byteLength(part.text);
    if (bytes + size > pageCapBytes) return false;
    bytes += size;
    return true;
  });
  const left = parts.length - kept.length;
  return left === 0
    ? kept
    : [
        ...kept,
        html`<p class="muted">${counted(left, "part")} of this page left out, or it would be larger than 500 KB: the metrics file has the figures.</p>`,
      ];
}

/** A complete HTML document as text; well-formed XML too, so that tests can parse all of it strictly. */
export function htmlPage({ title, content, run }: Page): string {
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="referrer" content="no-referrer"/>
<meta name="color-scheme" content="light dark"/>
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
${cappedParts(content)}
<footer>Made by ${run.tool} on ${dateAndTime(run.startedAt)}, in ${duration(run.finishedAt - run.startedAt)}. ${webLink("The run", run.url)}</footer>
</main>
</body>
</html>
`;
  return page.text;
}

/** The words alone when the address is not http(s). */
export function webLink(words: string, url: string | null): Content {
  if (url === null) return null;
  return /^https?:\/\/[^\s"'<>]+$/.test(url) ? html`<a href="${url}" rel="noreferrer">${words}</a>` : words;
}
