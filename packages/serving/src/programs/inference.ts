/**
 * The inference program: a process of its own that loads one model and answers rows. It is a process because
 * `session.run` blocks its thread, cannot be cancelled, and takes the whole process with it when its worker thread is
 * terminated: a process can be killed. Started by `InferencePool` alone; it speaks over its IPC channel.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { InferenceSession, OnnxValue, Tensor } from "onnxruntime-node";
import { decodeTexts, isCoded } from "../coded-texts.ts";
import { externalDataOf } from "../external-data.ts";
import type {
  FromProcess,
  GraphValue,
  LoadMessage,
  RefusedMessage,
  RunMessage,
  ToProcess,
} from "../messages.ts";

type Runtime = typeof import("onnxruntime-node");

class Refusal extends Error {
  readonly stage: RefusedMessage["stage"];
  constructor(stage: RefusedMessage["stage"], message: string) {
    super(message);
    this.stage = stage;
  }
}

interface Loaded {
  runtime: Runtime;
  session: InferenceSession;
  task: LoadMessage;
}

async function load(task: LoadMessage): Promise<Loaded & { digest: string }> {
  const runtime = loadRuntime(task.runtime);
  const bytes = await readFile(task.modelPath).catch((error: Error) => {
    throw new Refusal("file", error.message);
  });
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (task.digest !== null && task.digest !== digest) {
    throw new Refusal("digest", `it has the digest ${digest}, not ${task.digest}`);
  }
  const external = externalDataOf(bytes);
  if (external !== null) throw new Refusal("external-data", external);
  try {
    // From the very bytes that were hashed: the file may be replaced between two reads. One thread, because the pool
    // scales by processes, and a thread pool would only contend with the server for the cores.
    const session = await runtime.InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: "sequential",
      logSeverityLevel: 3,
    });
    return { runtime, session, task, digest };
  } catch (error) {
    throw new Refusal("model", (error as Error).message);
  }
}

function loadRuntime(folder: string): Runtime {
  try {
    return createRequire(join(folder, "package.json"))(folder) as Runtime;
  } catch (error) {
    throw new Refusal("runtime", (error as Error).message);
  }
}

function describe(metadata: readonly InferenceSession.ValueMetadata[]): GraphValue[] {
  return metadata.map((value) => ({
    name: value.name,
    datatype: value.isTensor ? value.type : null,
    shape: value.isTensor ? [...value.shape] : [],
  }));
}

async function run({ runtime, session, task }: Loaded, { rows, tensors }: RunMessage): Promise<FromProcess> {
  const feeds: Record<string, Tensor> = {};
  task.inputs.forEach((input, index) => {
    const data = tensors[index];
    const values = isCoded(data) ? decodeTexts(data) : data;
    feeds[input.name] = new runtime.Tensor(input.datatype, values as never, [rows, input.features.length]);
  });
  const began = performance.now();
  const answer = await session.run(feeds, [task.output.name]);
  const ms = performance.now() - began;
  return { type: "done", ms, ...answered(answer[task.output.name] as OnnxValue, rows, task.output.column) };
}

/** The columns that are the answer, as doubles. */
function answered(
  output: OnnxValue,
  rows: number,
  column: number | null,
): { values: Float64Array; width: number } {
  const { data, dims } = output as Tensor;
  const columns = dims.length > 1 ? (dims.at(-1) ?? 1) : 1;
  if (data.length !== rows * columns) {
    throw new Error(`the graph answered ${rows} rows with the shape [${dims.join(", ")}]`);
  }
  if (column !== null && column >= columns) {
    throw new Error(`the graph answered with ${columns} columns; the contract takes column ${column}`);
  }
  const width = column === null ? columns : 1;
  const values = new Float64Array(rows * width);
  for (let index = 0; index < values.length; index++) {
    values[index] = Number(data[column === null ? index : index * columns + column]);
  }
  return { values, width };
}

/** A run that never ends blocks this thread, so that it would not see its parent die: another thread looks. */
function dieWithParent(): void {
  const watch = `const parent = ${process.ppid};
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 1000);`;
  new Worker(watch, { eval: true, stdin: false }).unref();
}

function main(): void {
  const send = (message: FromProcess, then?: () => void): void => {
    process.send?.(message, undefined, {}, () => then?.());
  };
  let loaded: Loaded | null = null;
  // A signal to the whole process group (Ctrl-C, a service manager) must not end a process that has rows to answer:
  // the parent decides, by closing the channel.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  process.on("disconnect", () => process.exit(0));
  dieWithParent();
  const answer = async (message: ToProcess): Promise<void> => {
    try {
      if (message.type === "load") {
        const result = await load(message);
        loaded = result;
        send({
          type: "loaded",
          digest: result.digest,
          inputs: describe(result.session.inputMetadata),
          outputs: describe(result.session.outputMetadata),
        });
      } else if (loaded !== null) send(await run(loaded, message));
    } catch (error) {
      const { message: text } = error as Error;
      if (error instanceof Refusal)
        send({ type: "refused", stage: error.stage, message: text }, () => process.exit(1));
      else send({ type: "failed", message: text });
    }
  };
  // Answers must come in the order of the messages: the parent knows by that which is which.
  let last: Promise<void> = Promise.resolve();
  process.on("message", (message: ToProcess) => {
    last = last.then(() => answer(message));
  });
}

if (process.send === undefined) {
  process.stderr.write(
    "This program is started by the inference pool, which speaks to it over an IPC channel.\n",
  );
  process.exit(2);
}
main();
