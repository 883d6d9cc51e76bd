/** Charts, rendered by Helm's own engine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { goProgram } from "./go-program.ts";

/** YAML of everything in the chart, definitions of kinds included, as `helm template --include-crds` gives it. */
export async function renderChart(
  chart: string,
  { release, namespace, values }: { release: string; namespace: string; values: object },
): Promise<string> {
  const child = spawn(await goProgram("helm"), [chart, release, namespace]);
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  child.stdin.end(JSON.stringify(values));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the chart ${chart} cannot be rendered: ${err.join("")}`);
  return out.join("");
}
