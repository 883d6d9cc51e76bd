/** Before any test: a cold build takes longer than any test may, and one at a time leaves the memory to it. */
import { goTool, goTools } from "../components/go-tool.ts";

export default async function buildTools(): Promise<void> {
  for (const name of Object.keys(goTools) as (keyof typeof goTools)[]) await goTool(name);
}
