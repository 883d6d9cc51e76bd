/**
 * The prediction log on stdout, for a container whose log is read through the cluster's API. It shares the one writer
 * of the server's own lines: two writers on one pipe tear each other's lines apart above 4 KiB (POSIX, PIPE_BUF).
 */
import type { PredictionRecord, PredictionSink } from "./prediction-log.ts";

/** As the path in PREDICTION_LOG. */
export const stdoutPath = "/dev/stdout";

/** The writer of stdout: drops what a stalled reader does not take, and says so. */
export interface Output {
  write(line: string): boolean;
  on(event: "drop", listener: (line: string) => void): unknown;
}

/** How every line of ours begins, and none of the server's own. */
const opening = '{"at":';

export class PredictionStdout implements PredictionSink {
  readonly #output: Output;
  dropped = 0;

  constructor(output: Output) {
    this.#output = output;
    output.on("drop", (line) => {
      if (String(line).startsWith(opening)) this.dropped++;
    });
  }

  append(record: PredictionRecord): void {
    const { at, ...rest } = record;
    this.#output.write(`${JSON.stringify({ at, ...rest })}\n`);
  }

  /** What is left is flushed with the server's last lines. */
  async close(): Promise<void> {}
}
