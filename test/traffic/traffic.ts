/**
 * Steady labelled traffic for a deployed model: what the demo shows and the fault tests watch. Open loop (a slow server
 * does not slow the arrivals down), so that a stall is seen as what it would be for users: late and failed requests.
 */
import { createWriteStream, type WriteStream } from "node:fs";
import { Agent, request } from "node:http";

export interface LabelledRequest {
  instance: Record<string, unknown>;
  label: number;
}

export interface TrafficOptions {
  /** Where `/predict` is; asked before each request, because a deploy may start it first. */
  url: string;
  /** In place of the address's own name, for a gateway that serves many. */
  host?: string;
  requests: readonly LabelledRequest[];
  perSecond: number;
  /** CSV with the columns `request_id,label`, written as the truth becomes known. */
  labelsFile?: string;
  timeoutMs?: number;
}

export interface ModelTally {
  requests: number;
  /** Requests with an output that is not a number. */
  nan: number;
  /** When it answered last: ms since 1970. */
  lastAt: number;
}

const tickMs = 10;

/** Sends until stopped; counts what users saw, by the model that answered. */
export class Traffic {
  sent = 0;
  answered = 0;
  /** Requests without a 200: when, which, and the status or error code. */
  readonly failures: { at: number; id: string; what: string }[] = [];
  /** The model that answered, by name and version (`flights-2`) → what it answered. */
  readonly models = new Map<string, ModelTally>();
  readonly #options: TrafficOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #labels: WriteStream | undefined;
  readonly #prefix = `t${Date.now().toString(36)}`;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #due = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    if (options.labelsFile !== undefined) {
      this.#labels = createWriteStream(options.labelsFile);
      this.#labels.write("request_id,label\n");
    }
  }

  start(): void {
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#due += ((now - last) / 1000) * this.#options.perSecond;
      last = now;
      for (; this.#due >= 1; this.#due -= 1) this.#track(this.#send());
    }, tickMs);
  }

  /** Resolves when every request sent has been answered or has failed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
    const labels = this.#labels;
    if (labels !== undefined) await new Promise<void>((resolve) => labels.end(() => resolve()));
  }

  #track(sent: Promise<void>): void {
    this.#open.add(sent);
    void sent.finally(() => this.#open.delete(sent));
  }

  async #send(): Promise<void> {
    const { requests, labelsFile } = this.#options;
    const index = this.sent;
    this.sent += 1;
    const entry = requests[index % requests.length];
    if (entry === undefined) throw new Error("there are no requests to send");
    const id = `${this.#prefix}-${index}`;
    try {
      const answer = await this.#post(JSON.stringify({ instances: [entry.instance] }), id);
      if (answer.status !== 200) return this.#fail(id, `HTTP ${answer.status} ${answer.body.slice(0, 200)}`);
      this.#count(answer.body);
      if (labelsFile !== undefined) this.#labels?.write(`${id},${entry.label}\n`);
    } catch (error) {
      this.#fail(id, (error as NodeJS.ErrnoException).code ?? String(error));
    }
  }

  #fail(id: string, what: string): void {
    this.failures.push({ at: Date.now(), id, what });
  }

  #count(body: string): void {
    const { predictions, model } = JSON.parse(body) as {
      predictions: unknown[];
      model: { name: string; version: string };
    };
    this.answered += 1;
    const name = `${model.name}-${model.version}`;
    const tally = this.models.get(name) ?? { requests: 0, nan: 0, lastAt: 0 };
    tally.requests += 1;
    tally.lastAt = Date.now();
    if (predictions.includes(null)) tally.nan += 1;
    this.models.set(name, tally);
  }

  #post(body: string, id: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "x-request-id": id,
        ...(this.#options.host === undefined ? {} : { host: this.#options.host }),
      };
      const timeout = this.#options.timeoutMs ?? 10_000;
      const url = `${this.#options.url}/predict`;
      const call = request(url, { method: "POST", agent: this.#agent, headers, timeout }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      call.on("timeout", () =>
        call.destroy(Object.assign(new Error("no answer in time"), { code: "TIMEOUT" })),
      );
      call.on("error", reject);
      call.end(body);
    });
  }
}
