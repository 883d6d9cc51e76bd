/**
 * The prediction log: which request got which answer from which model, so that answers can be compared and labels
 * joined later. It never holds an input, only its hash, and it never fails or delays a request: what a full disk or a
 * slow one cannot take is dropped and counted.
 */
import { hash } from "node:crypto";
import { type FileHandle, open, rename } from "node:fs/promises";
import { ServingError } from "../errors.ts";
import type { Instance } from "../instances.ts";

export interface PredictionRecord {
  /** Milliseconds since 1970, when the answer was ready. */
  at: number;
  request_id: string;
  /** `sha256:<hex>` of the model. */
  model: string;
  /** `inputHash` of the instances. */
  input: string;
  /** One entry an instance: a number, one number a class, or null where it is not finite. */
  outputs: (number | number[] | null)[];
  /** From the request's arrival to its answer. */
  ms: number;
}

/** At this size the log becomes `<path>.1`, and the one before it goes: a server that answers for months does not fill
 * the disk, and the last hours of answers are always there. */
const maxFileBytes = 256 * 1024 * 1024;
const flushEveryMs = 200;
const flushAtBytes = 64 * 1024;
const maxPendingBytes = 16 * 1024 * 1024;

/** Where predictions are logged. */
export interface PredictionSink {
  append(record: PredictionRecord): void;
  /** Resolves when everything appended so far is written, or dropped. */
  close(): Promise<void>;
  /** Lines that were not kept. */
  readonly dropped: number;
}

export class PredictionLog implements PredictionSink {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #onProblem: (error: Error) => void;
  #file: FileHandle;
  #fileBytes: number;
  #lines: string[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  /** A write was cut off: the next one begins on a new line, so that one line is lost and not two. */
  #torn = false;
  readonly #timer: NodeJS.Timeout;
  /** Lines that were not kept. */
  dropped = 0;

  private constructor(
    path: string,
    opened: { file: FileHandle; bytes: number },
    onProblem: (error: Error) => void,
    maxBytes: number,
  ) {
    this.#path = path;
    this.#file = opened.file;
    this.#fileBytes = opened.bytes;
    this.#onProblem = onProblem;
    this.#maxBytes = maxBytes;
    this.#timer = setInterval(() => void this.#flush(), flushEveryMs).unref();
  }

  /** `onProblem` hears of every write that failed. Rejects with `ServingError` code `settings` when the file cannot be
   * appended to. */
  static async open(
    path: string,
    onProblem: (error: Error) => void,
    maxBytes = maxFileBytes,
  ): Promise<PredictionLog> {
    try {
      const file = await open(path, "a", 0o640);
      return new PredictionLog(path, { file, bytes: (await file.stat()).size }, onProblem, maxBytes);
    } catch (cause) {
      throw new ServingError(
        "settings",
        `cannot append to the prediction log ${path}: ${(cause as Error).message}`,
        {
          cause,
          remedy: "Give PREDICTION_LOG a path in a directory that exists and can be written to.",
        },
      );
    }
  }

  append(record: PredictionRecord): void {
    const line = `${JSON.stringify(record)}\n`;
    if (this.#pendingBytes + line.length > maxPendingBytes) {
      this.dropped++;
      return;
    }
    this.#lines.push(line);
    this.#pendingBytes += line.length;
    if (this.#pendingBytes >= flushAtBytes) void this.#flush();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.#flush();
    await this.#file.close();
  }

  #flush(): Promise<void> {
    if (this.#isWriting || this.#lines.length === 0) return this.#writing;
    const lines = this.#lines;
    this.#lines = [];
    this.#pendingBytes = 0;
    this.#isWriting = true;
    this.#writing = this.#write(lines).finally(() => {
      this.#isWriting = false;
    });
    return this.#writing;
  }

  /** The old file stays open until the new one is, so that a failure loses nothing. */
  async #rotate(): Promise<void> {
    const old = this.#file;
    await rename(this.#path, `${this.#path}.1`);
    this.#file = await open(this.#path, "a", 0o640);
    this.#fileBytes = 0;
    await old.close();
  }

  async #write(lines: string[]): Promise<void> {
    const bytes = Buffer.from((this.#torn ? "\n" : "") + lines.join(""));
    let written = 0;
    try {
      while (written < bytes.byteLength) {
        written += (await this.#file.write(bytes, written)).bytesWritten;
      }
      this.#torn = false;
      this.#fileBytes += bytes.byteLength;
      if (this.#fileBytes >= this.#maxBytes) await this.#rotate();
    } catch (error) {
      const kept =
        bytes
          .subarray(this.#torn ? 1 : 0, written)
          .toString("latin1")
          .split("\n").length - 1;
      this.dropped += lines.length - kept;
      this.#torn ||= written > 0;
      this.#onProblem(error as Error);
    }
  }
}

/** `sha256:<hex>` of the instances as JSON with the features in alphabetical order, those that are missing left out,
 * and no whitespace: the same for every way of writing the same instances. */
export function inputHash(sortedFeatures: readonly string[], instances: readonly Instance[]): string {
  let text = "[";
  for (const instance of instances) {
    if (text.length > 1) text += ",";
    let separator = "{";
    for (const name of sortedFeatures) {
      const value = instance[name];
      if (value === null || value === undefined) continue;
      text += `${separator}${JSON.stringify(name)}:${typeof value === "bigint" ? value : JSON.stringify(value)}`;
      separator = ",";
    }
    text += separator === "{" ? "{}" : "}";
  }
  return `sha256:${hash("sha256", `${text}]`)}`;
}
