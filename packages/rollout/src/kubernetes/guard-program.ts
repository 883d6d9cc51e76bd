/** The guard as a program: alone in its Job's pod, with the settings that the runner gave it. */
import { openApi } from "@ml-actions/cluster/api";
import { inCluster } from "@ml-actions/cluster/in-cluster";
import { directProbe } from "./guard-ask.ts";
import { guardPort, guardSettingsSchema, settingsVariable } from "./guard-manifest.ts";
import { openGuarded } from "./guard-open.ts";
import { probeServer } from "./guard-probe.ts";
import { watchLease } from "./guard-watch.ts";

/** Shorter than a renewal of the guard's own lease: what is not answered is asked anew. */
const patienceMs = 5_000;

const log = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`);

async function main(): Promise<void> {
  const settings = guardSettingsSchema.parse(JSON.parse(process.env[settingsVariable] ?? "null"));
  const { namespace, resource, target, rights, probeHosts, spec } = settings;
  // The pod is moved or removed: whoever follows takes up what was begun. Not 0, for the Job is not done.
  process.on("SIGTERM", () => process.exit(143));
  const api = openApi(inCluster(), { patienceMs, userAgent: "ml-actions-guard" });
  const server = probeServer(probeHosts, directProbe);
  server.on("error", (error) => log(`probe: ${error.message}`));
  server.listen(guardPort);
  log(`guarding ${resource} in namespace ${namespace}`);
  await watchLease({
    api,
    namespace,
    resource,
    spec,
    pod: process.env.POD_NAME ?? "unknown",
    job: process.env.JOB_UID || null,
    rights,
    open: (ledger) => openGuarded(target, { api, ledger, namespace, resource, onTrouble: log }),
    log,
  });
  process.exit(0);
}

main().catch((error: Error) => {
  log(`${error.stack}`);
  process.exit(1);
});
