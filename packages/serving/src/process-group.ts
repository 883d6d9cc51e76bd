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
  /** Messages that it was sent and has not answered. */
  inFlight: number;
  /** Ends in a row without an answer between them. */
  failures: number;
  /** Why the last attempt to replace it failed; null once one has succeeded. */
  refusal: Error | null;
  timer?: NodeJS.Timeout;
}

export interface GroupHooks {
  /** A process has become ready for rows. */
  onReady: () => void;
  /** A process has ended, or could not be replaced; another attempt follows. */
  onRestart: (why: Error) => void;
  /** No process is left, and none can be started, for this reason. */
  onRefusal: (why: Error) => void;
}

const backOffMs = { first: 100, most: 10_000 };

export class ProcessGroup {
  readonly slots: Slot[];
  /** One row, for `probe` messages. */
  readonly probe: TensorData[];
  readonly #options: ProcessOptions;
  readonly #hooks: GroupHooks;
  #stopped = false;
  /** Processes replaced since the start. */
  restarts = 0;

  constructor(options: ProcessOptions, processes: number, hooks: GroupHooks) {
    this.#options = { ...options };
    this.#hooks = hooks;
    this.slots = Array.from({ length: processes }, () => ({
      process: null,
      inFlight: 0,
      failures: 0,
      refusal: null,
    }));
    this.probe = tensorsOf(
      options.contract,
      featureBatchFromInstances(options.contract, [options.contract.probe]),
    );
  }

  /** Resolves when every process is proven; rejects with the first failure when all have been tried: `stop` them. */
  async start(): Promise<void> {
    const started = await Promise.allSettled(this.slots.map((slot) => this.#fill(slot)));
    const failed = started.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** `sha256:<hex>` of the model that runs. */
  get digest(): string {
    return this.#options.digest ?? "";
  }

  get alive(): number {
    return this.slots.filter((slot) => slot.process !== null).length;
  }

  /** Why there is no process and none can be started; null while there is one, or one is being started in good hope. */
  get refusal(): Error | null {
    return this.slots.every((slot) => slot.process === null)
      ? (this.slots.find((slot) => slot.refusal)?.refusal ?? null)
      : null;
  }

  /** A process that is busy is killed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      this.slots.map(async (slot) => {
        clearTimeout(slot.timer);
        if (slot.inFlight > 0) slot.process?.kill();
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
    process.onEnd = (why) => this.#replace(slot, why);
    slot.process = process;
    slot.refusal = null;
    this.#hooks.onReady();
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

  #replace(slot: Slot, why: Error): void {
    slot.process?.kill();
    slot.process = null;
    if (this.#stopped) return;
    this.#hooks.onRestart(why);
    this.restarts++;
    const grown = backOffMs.first * 2 ** (slot.failures - 1);
    const delayMs = slot.failures === 0 ? 0 : Math.min(backOffMs.most, grown);
    slot.failures++;
    slot.timer = setTimeout(() => {
      this.#fill(slot).catch((error: Error) => {
        slot.refusal = error;
        if (this.refusal !== null) this.#hooks.onRefusal(this.refusal);
        this.#replace(slot, error);
      });
    }, delayMs);
  }
}
