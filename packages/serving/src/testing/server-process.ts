/** A real server as a process, the way a supervisor starts it. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { inferenceProgram, modelPath, onnxruntime, serverProgram, type TestModel } from "./models.ts";

export interface RunningServer {
  url: string;
  child: ChildProcess;
  /** Everything it has logged so far, one object a line. */
  logs(): Record<string, unknown>[];
  /** The text of its stdout and stderr, for what is no JSON. */
  output(): string;
  /** Resolves with the exit code, or the signal's name. */
  ended: Promise<number | string>;
  metric(name: string): Promise<number | undefined>;
  predict(body: unknown, init?: RequestInit): Promise<Response>;
}

const baseEnvironment = {
  PATH: process.env.PATH ?? "",
  PORT: "0",
  HOST: "127.0.0.1",
  POOL_SIZE: "1",
  INFERENCE_PROGRAM: inferenceProgram,
  ONNXRUNTIME: onnxruntime,
  DRAIN_DELAY_MS: "50",
};

const running: ChildProcess[] = [];

/** Starts without waiting for anything; `launch` waits until it listens, `startServer` until it is ready. */
export function spawnServer(
  environment: Record<string, string>,
): Pick<RunningServer, "child" | "output" | "ended"> {
  const child = fork(serverProgram, [], {
    env: { ...baseEnvironment, ...environment },
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  // Not "close", which does not come after the parent has closed the channel.
  const streamsEnded = [child.stdout, child.stderr].map((stream) => once(stream as Readable, "end"));
  const ended = once(child, "exit").then(async ([code, signal]) => {
    await Promise.all(streamsEnded);
    return (code ?? signal) as number | string;
  });
  return { child, output: () => text, ended };
}

export async function launch(environment: Record<string, string>): Promise<RunningServer> {
  const spawned = spawnServer(environment);
  const listening = once(spawned.child, "message").then(
    ([message]) => message as { type: string; port: number },
  );
  const outcome = await Promise.race([listening, spawned.ended]);
  if (typeof outcome !== "object") throw new Error(`the server ended with ${outcome}: ${spawned.output()}`);
  const url = `http://127.0.0.1:${outcome.port}`;
  return {
    ...spawned,
    url,
    logs: () =>
      spawned
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line)),
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length));
    },
    predict: (body, init) =>
      fetch(`${url}/predict`, {
        method: "POST",
        body:
          typeof body === "string" || body instanceof Uint8Array
            ? (body as NonNullable<RequestInit["body"]>)
            : JSON.stringify(body),
        ...init,
      }),
  };
}

export async function startServer(
  model: TestModel,
  environment: Record<string, string> = {},
): Promise<RunningServer> {
  const server = await launch({ MODEL_URI: modelPath(model), ...environment });
  while (!(await fetch(`${server.url}/ready`)).ok) await sleep(20);
  return server;
}

/** For afterEach: whatever a test has left. */
export async function stopServers(): Promise<void> {
  await Promise.all(
    running.splice(0).map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    }),
  );
}
