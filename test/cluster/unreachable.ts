/** Kubeconfigs that lead nowhere, or to where nobody knows us. */
import { readFile } from "node:fs/promises";

interface Config {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
}

/**
 * By what is wrong: its text, and what has to be said about it.
 *
 * @param silent port of this machine that takes connections and never says anything
 */
export async function badConfigs(
  kubeconfig: string,
  silent: number,
): Promise<Record<string, { kubeconfig: string; reason: RegExp }>> {
  const text = await readFile(kubeconfig, "utf8");
  const changed = (change: (config: Config) => void) => {
    const config = JSON.parse(text) as Config;
    change(config);
    return JSON.stringify(config);
  };
  const at = (server: string) =>
    changed(({ clusters }) => {
      for (const { cluster } of clusters) cluster.server = server;
    });
  return {
    // Nobody listens at port 1.
    refused: { kubeconfig: at("https://127.0.0.1:1"), reason: /127\.0\.0\.1:1[\s\S]*(refused|connect)/i },
    "that never answers": {
      kubeconfig: at(`https://127.0.0.1:${silent}`),
      reason: /127\.0\.0\.1:\d+ cannot be reached: .*(no answer|closed)/,
    },
    "of a name that nobody has": {
      kubeconfig: at("https://cluster.invalid:6443"),
      reason: /cluster\.invalid/,
    },
    "with a token that has expired": {
      kubeconfig: changed(({ users }) => {
        for (const each of users) each.user = { token: "expired" };
      }),
      reason: /does not know us/,
    },
    "with a certificate that we do not trust": {
      kubeconfig: changed(({ clusters }) => {
        for (const { cluster } of clusters) delete cluster["certificate-authority-data"];
      }),
      reason: /certificate/i,
    },
  };
}
