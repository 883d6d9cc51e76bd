/** `journal.jsonl`: one line a step, on disk before the step is taken. Only the last rollout is kept in memory. */
import { type FileHandle, open, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { RolloutError } from "../error.ts";
import type { JournalEntry } from "../target.ts";
import { journalEntrySchema } from "./schemas.ts";

export class JournalFile {
  readonly #file: FileHandle;
  #last: JournalEntry[];
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, last: JournalEntry[]) {
    this.#file = file;
    this.#last = last;
  }

  /** Reads the last rollout and cuts off a line that a crash left half-written. */
  static async open(directory: string): Promise<JournalFile> {
    const path = join(directory, "journal.jsonl");
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
    const entries = parse(path, whole);
    const rollout = entries.at(-1)?.rollout;
    const last = entries.filter((entry) => entry.rollout === rollout);
    return new JournalFile(await open(path, "a", 0o600), last);
  }

  /** The last rollout, oldest entry first. */
  get last(): readonly JournalEntry[] {
    return this.#last;
  }

  /** The last rollout's id while it has no `end`. */
  get openRollout(): { rollout: string; holder: string } | null {
    const entry = this.#last.at(-1);
    return entry === undefined || entry.step.name === "end" ? null : entry;
  }

  /** Whether the last rollout ended by leaving the candidate its share on purpose. */
  get held(): boolean {
    const step = this.#last.at(-1)?.step;
    return step?.name === "end" && step.stage === "held";
  }

  /** Resolves once the entry is on disk. */
  append(entry: JournalEntry): Promise<void> {
    const sameRollout = this.#last.at(-1)?.rollout === entry.rollout;
    this.#last = sameRollout ? [...this.#last, entry] : [entry];
    const written = this.#writing.then(async () => {
      await this.#file.appendFile(`${JSON.stringify(entry)}\n`);
      await this.#file.datasync();
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }
}

function parse(path: string, text: string): JournalEntry[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line, index) => {
      try {
        return journalEntrySchema.parse(JSON.parse(line));
      } catch (cause) {
        throw new RolloutError(
          "invalid",
          `${path}, line ${index + 1} is not an entry of the journal.`,
          "Move the file away to begin a new journal; stable keeps serving.",
          { cause },
        );
      }
    });
}
