/** Real cosign v3, without a terminal, a home of the user's, or a network beyond what its arguments name. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "./go-tool.ts";

export interface Cosign {
  /** Files of this one: keys, predicates, trusted roots. */
  directory: string;
  /** Rejects with what cosign wrote when it fails. */
  run(
    args: readonly string[],
    environment?: Record<string, string>,
  ): Promise<{ stdout: string; stderr: string }>;
  /** A pair in cosign's own form. */
  keyPair(
    password: string,
    prefix?: string,
  ): Promise<{ privateKey: string; publicKey: string; publicPath: string }>;
  remove(): Promise<void>;
}

const timeoutMs = 60_000;

export async function startCosign(): Promise<Cosign> {
  const program = await goTool("cosign");
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-cosign-"));
  const run: Cosign["run"] = (args, environment = {}) =>
    new Promise((resolve, reject) => {
      const env = { PATH: "/usr/bin:/bin", HOME: directory, COSIGN_PASSWORD: "", ...environment };
      execFile(program, args, { cwd: directory, env, timeout: timeoutMs }, (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr });
        else reject(new Error(`cosign ${args.join(" ")}: ${error.code}\n${stderr}`, { cause: error }));
      });
    });
  return {
    directory,
    run,
    async keyPair(password, prefix = "cosign") {
      await run(["generate-key-pair", "--output-key-prefix", prefix], { COSIGN_PASSWORD: password });
      const publicPath = join(directory, `${prefix}.pub`);
      return {
        privateKey: await readFile(join(directory, `${prefix}.key`), "utf8"),
        publicKey: await readFile(publicPath, "utf8"),
        publicPath,
      };
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
