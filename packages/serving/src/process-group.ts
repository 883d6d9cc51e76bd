/** Keeps a number of inference processes alive: each is proven by the contract's probe before it gets rows, and one
 * that ends is replaced, with a growing pause while none of its replacements answers. */
import { answerWidth } from "./contract.ts";
import { ServingError } from "./errors.ts";
import { featureBatchFromInstances } from "./feature-batch.ts";
import { InferenceProcess, type ProcessOptions } from "./inference-process.ts";
import { type TensorData, tensorsOf } from "./tensors.ts";

/** A place for one process. */
export interface Slot {
  /** null while it is being replaced. */
  process: InferenceProcess | null;
  busy: boolean;
  /** Ends in a row without an answer between them. */
  failures: number;
  timer?: NodeJS.Timeout;
}

const backOffMs = { first: 100, most: 10_000 };

export class ProcessGroup {
  readonly slots: Slot[];
  /** One row, for `probe` messages. */
  readonly probe: TensorData[];
  readonly #options: ProcessOptions;
  readonly #onReady: () => void;
  #stopped = false;
  /** Processes replaced since the start. */
  restarts = 0;

  /** `onReady` is called whenever a process has become ready for rows. */
  constructor(options: ProcessOptions, processes: number, onReady: () => void) {
    this.#options = { ...options };
    this.#onReady = onReady;
    this.slots = Array.from({ length: processes }, () => ({ process: null, busy: false, failures: 0 }));
    this.probe = tensorsOf(
      options.contract,
      featureBatchFromInstances(options.contract, [options.contract.probe]),
    );
  }

  /** Resolves when every process is proven; rejects with the first failure, leaving nothing behind. */
  async start(): Promise<void> {
    const started = await Promise.allSettled(this.slots.map((slot) => this.#fill(slot)));
    const failed = started.find((result) => result.status === "rejected");
    if (failed === undefined) return;
    await this.stop();
    throw failed.reason;
  }

  /** `sha256:<hex>` of the model that runs. */
  get digest(): string {
    return this.#options.digest ?? "";
  }

  get alive(): number {
    return this.slots.filter((slot) => slot.process !== null).length;
  }

  /** A process that is busy is killed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      this.slots.map(async (slot) => {
        clearTimeout(slot.timer);
        if (slot.busy) slot.process?.kill();
        await slot.process?.stop();
      }),
    );
  }

  async #fill(slot: Slot): Promise<void> {
    const process = await InferenceProcess.start(this.#options);
    try {
      await this.#prove(process);
    } catch (error) {
      process.kill();
      throw error;
    }
    if (this.#stopped) return process.stop();
    this.#options.digest = process.digest;
    process.onEnd = () => this.#replace(slot);
    slot.process = process;
    this.#onReady();
  }

  async #prove(process: InferenceProcess): Promise<void> {
    const { contract, digest, modelPath, startTimeoutMs } = this.#options;
    if (digest !== null && digest !== process.digest) {
      throw new ServingError("model-digest", `the model file changed while it was loaded: ${modelPath}`, {
        remedy: "Do not replace a model file in place; write a new one beside it.",
      });
    }
    const width = answerWidth(contract);
    const answer = await process.run(1, this.probe, startTimeoutMs);
    if (answer.width === width && answer.values.every(Number.isFinite)) return;
    const got =
      answer.width === width ? `[${answer.values.join(", ")}]` : `${answer.width} numbers, not ${width}`;
    throw new ServingError("model-probe", `the model answers its contract's probe with ${got}`, {
      remedy: "Mend the model, or the probe if it is no instance that the model should answer.",
    });
  }

  #replace(slot: Slot): void {
    slot.process?.kill();
    slot.process = null;
    if (this.#stopped) return;
    this.restarts++;
    const grown = backOffMs.first * 2 ** (slot.failures - 1);
    const delayMs = slot.failures === 0 ? 0 : Math.min(backOffMs.most, grown);
    slot.failures++;
    slot.timer = setTimeout(() => {
      this.#fill(slot).catch(() => this.#replace(slot));
    }, delayMs);
  }
}
