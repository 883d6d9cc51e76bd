/** Places in a cluster: who we are there, which objects are meant, and whether they may be changed at all. */
import { UserError } from "@ml-actions/action-kit/action";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { Api, Connection, KubeObject } from "@ml-actions/cluster/types";
import { rightText } from "@ml-actions/rollout/kubernetes/guard-rights";
import {
  type KubernetesOptions,
  type KubernetesTarget,
  openKubernetes,
} from "@ml-actions/rollout/kubernetes/open";
import { runnerRights } from "@ml-actions/rollout/kubernetes/rights";
import { type KubernetesTargetName, kubernetesTargetNames } from "@ml-actions/rollout/targets/names";
import { type Keeper, type Keeping, keepingOf } from "./gitops-keeper.ts";
import type { Place, PlaceContext, PlaceInputs, Purpose } from "./place.ts";
import { type ClusterTarget, kinds, named } from "./resource.ts";

/** Renewed every quarter of it; the guard looks every 2 s, so that a runner that dies has its candidate taken back
 * well within a minute. */
const leaseTtlMs = 20_000;

/** @throws as `placesOf` */
export async function clusterPlaces(
  meant: ClusterTarget,
  inputs: PlaceInputs,
  context: PlaceContext,
  purpose: Purpose,
): Promise<Place[]> {
  const target = registered(meant);
  const { kubeconfig, context: contextName, namespace } = inputs;
  const connection = await connect(withoutUndefined({ kubeconfig, context: contextName, namespace }));
  const api = openApi(connection);
  context.log.info(
    `${inputs.resource.text} in namespace ${connection.namespace} of ${connection.name} (${connection.server}), target ${target}`,
  );
  if (purpose === "change") await assertRights(api, target, inputs);
  const objects = await objectsOf(api, target, inputs);
  const kept = purpose === "change" ? await whoKeeps(api, target, objects) : [];
  const { gitops } = inputs;
  if (gitops === undefined || gitops === "stop")
    assertOurs(
      kept.flatMap((one) => one?.keepers ?? []),
      gitops === "stop",
    );
  return objects.map(({ metadata: { name } }, index) => ({
    ...placeOf(target, name, connection, { ...optionsOf(name, inputs, context), api }),
    kept: kept[index] ?? null,
  }));
}

function registered(target: ClusterTarget): KubernetesTargetName {
  const known = kubernetesTargetNames.find((name) => name === target);
  if (known !== undefined) return known;
  throw new UserError(`target: \`${target}\` is not there yet.`, {
    remedy: `Targets in a cluster are ${kubernetesTargetNames.join(", ")}.`,
  });
}

function placeOf(
  target: KubernetesTargetName,
  name: string,
  { namespace, name: cluster }: Connection,
  options: KubernetesOptions,
): Omit<Place, "kept"> {
  return {
    target,
    resource: named(target, name).text,
    cluster: { namespace, name: cluster },
    leaseTtlMs,
    open: async (log) => {
      const onTrouble = (message: string) => log.warning(message);
      const onNote = (message: string) => log.info(message);
      const opened = await openKubernetes(target, { ...options, onTrouble, onNote });
      return { ...opened, guard: () => guardWords(options, opened), close: () => opened.close() };
    },
  };
}

async function guardWords({ guard }: KubernetesOptions, { ledger }: KubernetesTarget): Promise<string> {
  if (guard === "off") return "off";
  const pod = await ledger.guardPod().catch(() => null);
  return pod === null ? `${guard}, not seen` : `${guard}, lives`;
}

function optionsOf(name: string, inputs: PlaceInputs, { programs }: PlaceContext): KubernetesOptions {
  const { guard = "required", telemetry = "auto", "guard-image": guardImage } = inputs;
  const { namespace, kubeconfig, context, container, prometheus, queries } = inputs;
  return {
    name,
    guard,
    guardProgram: programs.guard,
    mirrorProgram: programs.mirror,
    telemetry,
    ...withoutUndefined({ namespace, kubeconfig, context, container, prometheus, queries }),
    ...(guardImage === undefined ? {} : { guardImage: { image: guardImage } }),
  };
}

type Defined<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> };

/** What was not given is left out, so that the way in finds its own. */
function withoutUndefined<Values extends object>(values: Values): Defined<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<Values>;
}

/** The object that is named, or all that the selector selects, by name. */
async function objectsOf(api: Api, target: ClusterTarget, { resource }: PlaceInputs): Promise<KubeObject[]> {
  const { kind, apiVersion } = kinds[target];
  const { namespace, name: cluster } = api.connection;
  if (resource.form === "selected") {
    const found = await api.list({ apiVersion, kind, namespace }, { labelSelector: resource.selector });
    if (found.length > 0) return found.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    throw new UserError(
      `resource: \`${resource.text}\` selects nothing in namespace ${namespace} of ${cluster}.`,
      {
        remedy: `See what is there: kubectl get ${kinds[target].word} -n ${namespace} --show-labels`,
      },
    );
  }
  const object = await api.get({ apiVersion, kind, namespace, name: resource.name });
  if (object !== null) return [object];
  throw new UserError(
    `resource: there is no ${kind} ${resource.name} in namespace ${namespace} of ${cluster}.`,
    {
      remedy: `See what is there: kubectl get ${kinds[target].word} -n ${namespace}. The resource is made by you; \`deploy\` puts releases into it.`,
    },
  );
}

/** Roles are of a namespace and a kind, so that what lacks for one lacks for all. */
async function assertRights(
  api: Api,
  target: KubernetesTargetName,
  { guard = "required" }: PlaceInputs,
): Promise<void> {
  const { name, namespace } = api.connection;
  const needed = runnerRights(target, { guarded: guard === "required" });
  const missing = await api.lacking(needed.map((right) => ({ namespace, ...right })));
  if (missing.length === 0) return;
  const lines = missing.map((right) => `  - ${rightText(right)}: ${right.why}`);
  throw new UserError(
    `${name} lacks rights in namespace ${namespace}; nothing was touched:\n${lines.join("\n")}`,
    {
      remedy: `Let an administrator apply docs/rbac/${target}.yaml, once, and bind its Role to this user: kubectl apply -n ${namespace} -f docs/rbac/${target}.yaml`,
    },
  );
}

/** Argo CD and Flux put back what we would change. */
async function whoKeeps(
  api: Api,
  target: ClusterTarget,
  objects: readonly KubeObject[],
): Promise<(Keeping | null)[]> {
  const keeping = await keepingOf(api, target, objects);
  return keeping.map((one) => (one.keepers.length === 0 ? null : one));
}

/** @param mayCommit whether the action can write a release into that repository */
function assertOurs(kept: readonly Keeper[], mayCommit: boolean): void {
  if (kept.length === 0) return;
  const lines = kept.map(
    ({ object, tool, app, by }) =>
      `  - ${object} is kept by ${tool}${app === undefined ? "" : `, app ${app}`} (seen by ${by})`,
  );
  throw new UserError(
    `resource: a change here would be undone by what keeps it as a repository has it; nothing was touched:\n${[...new Set(lines)].join("\n")}`,
    {
      remedy: `Two ways out: ${
        mayCommit
          ? "`gitops: commit` or `gitops: pull-request` writes the release into the manifests of this checkout"
          : "revert the commit that brought the release, in that repository"
      }; or take these objects out of what the tool keeps (Flux: the annotation \`kustomize.toolkit.fluxcd.io/reconcile: disabled\`; Argo CD: let the Application hold them no longer).`,
    },
  );
}
