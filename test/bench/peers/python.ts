/** The peers that are measured beside ours live in a Python environment of their own, outside the checkout. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = import.meta.dirname;

/** Path of the Python that has the peers, or what another file asks for. Rejects with what to do when it cannot be had. */
export async function peerPython(requirements = join(here, "requirements.txt")): Promise<string> {
  const wanted = await readFile(requirements);
  const name = `peers-${createHash("sha256").update(wanted).digest("hex").slice(0, 12)}`;
  const home = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ml-actions", name);
  const complete = join(home, "complete");
  const python = join(home, "bin", "python");
  if (await exists(complete)) return python;
  console.error(
    `installing ${requirements} into ${home} (once a machine, some minutes). Without peers: npm run bench -- gates --no-peers …`,
  );
  try {
    await rm(home, { recursive: true, force: true });
    await mkdir(join(home, ".."), { recursive: true });
    await run("python3", ["-m", "venv", home]);
    await run(python, ["-m", "pip", "install", "--quiet", "-r", requirements]);
    await writeFile(complete, "");
  } catch (cause) {
    throw new Error(
      `${requirements} could not be installed: Python 3.11 with venv and pip, and PyPI, are needed.`,
      {
        cause,
      },
    );
  }
  return python;
}

/** What a peer's script measured: the last line that it prints, as JSON. */
export async function runPeer<Figures>(script: string, args: readonly string[]): Promise<Figures> {
  const child = spawn(await peerPython(), [join(here, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Figures;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
