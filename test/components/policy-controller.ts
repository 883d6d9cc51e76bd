/** Sigstore policy-controller's own check of an image against policies (its `tester`), without a cluster. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "./go-tool.ts";

export interface Admission {
  admitted: boolean;
  /** What it said about why not. */
  said: string;
}

/**
 * @param policies YAML of ClusterImagePolicies
 * @param trustRoot YAML of a TrustRoot
 * @param image by digest
 */
export async function testPolicies(policies: string, trustRoot: string, image: string): Promise<Admission> {
  const tester = await goTool("policy-tester");
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-policy-controller-"));
  try {
    const [policy, root] = [join(directory, "policies.yaml"), join(directory, "root.yaml")];
    await Promise.all([writeFile(policy, policies), writeFile(root, trustRoot)]);
    const args = ["--policy", policy, "--trustroot", root, "--image", image, "--log-level", "error"];
    // No TUF repository is reachable, nor asked: whatever is trusted comes from the trust root.
    const env = { PATH: process.env.PATH, HOME: directory, SIGSTORE_NO_CACHE: "true" };
    return await new Promise((resolve) => {
      execFile(tester, args, { env, timeout: 60_000 }, (error, out, err) =>
        resolve({ admitted: error === null, said: `${out}${err}` }),
      );
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
