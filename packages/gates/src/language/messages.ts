import { GatesError } from "../error.ts";

/** What is wrong at which place of one gate. */
export interface GateProblem {
  /** The gate as given. */
  line: string;
  /** Offset of the offending character in `line`, in UTF-16 units. */
  offset: number;
  what: string;
  suggestion?: string;
  /** Which gate of a list, from 1. */
  position?: number;
}

/** A gate, or several, that cannot be read. The message shows each line with a caret under the offending character;
 * control characters are shown escaped and every quoted line starts with `|`, so that no part of it is taken for a
 * workflow command. */
export class GateSyntaxError extends GatesError {
  override readonly name = "GateSyntaxError";
  readonly problems: readonly GateProblem[];

  constructor(problems: readonly GateProblem[]) {
    super("syntax", problems.map(render).join("\n"), remedy);
    this.problems = problems;
  }
}

const remedy = "Write one gate a line as <metric> <op> <bound>, for example f1 >= baseline - 0.02.";

/** Characters shown on either side of the caret. */
const windowChars = 60;

function render({ line, offset, what, suggestion, position }: GateProblem): string {
  const from = Math.max(0, offset - windowChars);
  const to = Math.min(line.length, offset + windowChars);
  const before = (from > 0 ? "…" : "") + visible(line.slice(from, offset));
  const after = visible(line.slice(offset, to)) + (to < line.length ? "…" : "");
  const caret = " ".repeat([...before].length);
  const head = `${position === undefined ? "The gate" : `Gate ${position}`} cannot be read: ${what}`;
  return [
    head,
    `  | ${before}${after}`,
    `  | ${caret}^`,
    ...(suggestion === undefined ? [] : [`  ${suggestion}`]),
  ].join("\n");
}

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with control, formatting (bidi, zero-width) and unpaired surrogate characters as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(unsafe, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
