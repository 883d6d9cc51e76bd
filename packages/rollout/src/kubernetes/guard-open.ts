/** What the guard restores through: the same target, from inside the cluster. */
import type { Api } from "@ml-actions/cluster/types";
import { directProbe } from "./guard-ask.ts";
import type { Guarded, GuardedTarget, KubernetesLedger } from "./ledger-types.ts";
import { platforms } from "./platforms.ts";
import { kubernetesTarget } from "./target.ts";

export async function openGuarded(
  target: GuardedTarget,
  place: {
    api: Api;
    ledger: KubernetesLedger;
    namespace: string;
    resource: string;
    onTrouble: (message: string) => void;
  },
): Promise<Guarded> {
  const { api, ledger, namespace, resource, onTrouble } = place;
  const { name, object, options } = target;
  const context = { api, fence: ledger.fence, namespace, name: object, resource, options, onTrouble };
  const platform = await platforms[name].open({ ...context, probe: directProbe });
  return kubernetesTarget({ platform, ledger, onTrouble });
}
