/** kubectl as a child process. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Gives what it wrote; rejects with what it complained of. */
export async function kubectl(
  program: string,
  kubeconfig: string,
  args: readonly string[],
  stdin = "",
): Promise<string> {
  const child = spawn(program, [`--kubeconfig=${kubeconfig}`, ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/" },
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  // It may end before it has read everything.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0)
    throw new Error(`kubectl ${args.join(" ")}: ${err.join("").trim() || `ended with ${code}`}`);
  return out.join("");
}
