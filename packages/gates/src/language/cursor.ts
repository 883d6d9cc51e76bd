import { GateSyntaxError } from "./messages.ts";

/** Reads one line from left to right; every pattern it takes is sticky and linear. */
export class Cursor {
  readonly line: string;
  offset = 0;

  constructor(line: string) {
    this.line = line;
  }

  skipSpace(): void {
    while (this.line[this.offset] === " " || this.line[this.offset] === "\t") {
      this.offset++;
    }
  }

  /** The character here, empty at the end. */
  peek(): string {
    return this.line[this.offset] ?? "";
  }

  /** Takes what the sticky pattern matches here, or nothing. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const match = pattern.exec(this.line)?.[0];
    if (match !== undefined) {
      this.offset += match.length;
    }
    return match;
  }

  atEnd(): boolean {
    return this.offset >= this.line.length;
  }

  fail(what: string, suggestion?: string, offset = this.offset): never {
    throw new GateSyntaxError([
      { line: this.line, offset, what, ...(suggestion === undefined ? {} : { suggestion }) },
    ]);
  }
}
