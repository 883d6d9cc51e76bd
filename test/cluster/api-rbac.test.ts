/** The files of docs/rbac, as an administrator applies them, give exactly what each target asks for. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import { kubernetesTargetNames } from "@ml-actions/rollout/targets/names";
import { describe, expect, it } from "vitest";
import { inNamespace } from "./namespace.ts";

const folder = join(import.meta.dirname, "../../docs/rbac");

describe.each(kubernetesTargetNames)("docs/rbac/%s.yaml", (target) => {
  it("gives runner and guard what they ask for, and nothing else", async () => {
    const text = await readFile(join(folder, `${target}.yaml`), "utf8");
    const { runner, guard, cluster } = rightsOf(target);
    await inNamespace(async ({ name, kubectl, kubeconfigOf }) => {
      const file = text.replaceAll("my-namespace", name);
      await kubectl(["apply", "-f", "-"], file);
      try {
        await kubectl(["create", "serviceaccount", "runner"]);
        const subject = `--serviceaccount=${name}:runner`;
        // As the file's head says it.
        await kubectl(["create", "rolebinding", "runner", `--role=ml-actions-${target}`, subject]);
        const as = async (account: string) =>
          openApi(await connect({ kubeconfig: await kubeconfigOf(account) }));
        const [ofRunner, ofGuard] = [await as("runner"), await as("ml-actions-guard")];
        await untilEmpty(() => ofRunner.lacking(runner));
        await untilEmpty(() => ofGuard.lacking([...guard, ...cluster]));
        const secrets = { group: "", resource: "secrets", verbs: ["get"], why: "test" };
        const elsewhere = { ...(runner[0] as (typeof runner)[number]), namespace: "default" };
        expect(await ofRunner.lacking([secrets, elsewhere])).toEqual([secrets, elsewhere]);
        expect(await ofGuard.lacking([secrets])).toEqual([secrets]);
      } finally {
        // What belongs to no namespace does not go with it.
        await kubectl(["delete", "--ignore-not-found", "-f", "-"], file);
      }
    });
  });
});

/** The API server learns of a Role a moment after it was made. */
async function untilEmpty(lacking: () => Promise<unknown[]>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const missing = await lacking();
    if (missing.length === 0) return;
    if (tries === 20) expect(missing).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
