/** Before any test: a cold build takes longer than any test may, and one at a time leaves the memory to it. */
import { goTool } from "../components/go-tool.ts";

const tools = ["crane", "cosign", "trivy", "gator", "policy-tester", "kyverno"] as const;

export default async function buildTools(): Promise<void> {
  for (const name of tools) await goTool(name);
}
