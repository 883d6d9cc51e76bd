/** What the demo writes: headings, the lines of the actions that matter, and signs of life while something takes long. */
import { styleText } from "node:util";

const signOfLifeMs = 10_000;

export class Screen {
  readonly #startedAt = Date.now();

  line(text: string): void {
    console.log(text);
  }

  title(text: string): void {
    console.log(`\n${styleText("bold", `── ${text} `.padEnd(100, "─"))}`);
  }

  /** A line of an action's log. */
  of(action: string, text: string): void {
    const clock = `${((Date.now() - this.#startedAt) / 1000).toFixed(0)} s`.padStart(6);
    console.log(`${styleText("dim", `${clock} ${action.padEnd(9)}`)} ${text}`);
  }

  good(text: string): void {
    console.log(styleText("green", `✔ ${text}`));
  }

  failure(text: string): void {
    console.error(styleText("red", `✘ ${text}`));
  }

  async waiting<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    console.log(`${what} …`);
    const seconds = () => Math.round((Date.now() - startedAt) / 1000);
    const timer = setInterval(() => console.log(`  … ${seconds()} s`), signOfLifeMs);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }
}
