/** crane's registry (go-containerregistry's `registry serve`): in memory, with a referrers API that it does not announce. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { RunningRegistry } from "./docker-registry.ts";
import { goTool } from "./go-tool.ts";

const startTimeoutMs = 20_000;

export async function startCraneRegistry(): Promise<RunningRegistry> {
  const program = await goTool("crane");
  const child = spawn(program, ["registry", "serve", "--address", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let said = "";
      const fail = (why: string) =>
        reject(new Error(`crane's registry ${why}; it said:\n${said.slice(-2000)}`));
      setTimeout(() => fail(`does not listen after ${startTimeoutMs} ms`), startTimeoutMs).unref();
      child.on("error", (error) => fail(error.message));
      child.on("exit", (code) => fail(`ended with ${code}`));
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-10_000);
        const listening = /serving on port (\d+)/.exec(said)?.[1];
        if (listening !== undefined) resolve(listening);
      });
    });
    return { host: `127.0.0.1:${port}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
