/** Opens a target on a cluster: its API, its ledger, its platform, and where its counts and predictions come from. */
import type { Api, Right } from "@ml-actions/cluster/types";
import type { KubernetesTargetName } from "../targets/names.ts";
import type { OpenTarget } from "../targets/open-target.ts";
import { openLedger } from "./ledger.ts";
import type { GuardImage, GuardOptions, KubernetesLedger } from "./ledger-types.ts";
import { mirroredTraffic } from "./mirrored-traffic.ts";
import type { Platform } from "./platform.ts";
import { type PlatformContext, type PlatformOptions, platforms } from "./platforms.ts";
import { podPredictions } from "./predictions.ts";
import { reachingProbe } from "./probe-reach.ts";
import { invalid } from "./refusals.ts";
import { rightsOf, runnerRights } from "./rights.ts";
import { kubernetesTarget } from "./target.ts";
import { clusterTelemetry } from "./telemetry.ts";
import { podWitness } from "./witness.ts";

export interface KubernetesOptions extends PlatformOptions {
  /** Name of the object that the target is about: of a Deployment, an HTTPRoute, a VirtualService, … */
  name: string;
  /** Left out: that of the kubeconfig's context. */
  namespace?: string;
  /** The way to the cluster, of several targets: their connections are the same, and what one was just told of the
   * namespace the others need not ask. Left out: one of its own, by `kubeconfig` and `context`. */
  api?: Api;
  /** Its text or its path. Left out: as kubectl finds it. */
  kubeconfig?: string;
  context?: string;
  /** `off`: nobody restores stable when this process vanishes. */
  guard: "required" | "auto" | "off";
  /** Path of the guard's program. Needed unless `guard` is `off`. */
  guardProgram?: string;
  /** Where neither release's own image can run it. The mirroring proxy runs in it too, where stable's cannot. */
  guardImage?: GuardImage;
  /** Path of the mirroring proxy's program. Needed where nothing on the way copies requests: target `deployment`. */
  mirrorProgram?: string;
  /** `auto` unless told otherwise: Prometheus where one is named, else the pods' own counters. */
  telemetry?: "auto" | "pods" | "prometheus";
  /** `https://…`, or `service:<namespace>/<name>:<port>` through the API server. */
  prometheus?: string;
  prometheusToken?: string;
  /** PromQL by what it counts, in place of the series that are known. */
  queries?: Readonly<Record<string, string>>;
  /** What goes wrong without ending anything. */
  onTrouble?: (message: string) => void;
  /** What is no trouble, and good to know. */
  onNote?: (message: string) => void;
  /** Ends every call. */
  signal?: AbortSignal;
}

export interface KubernetesTarget extends OpenTarget {
  ledger: KubernetesLedger;
  /** Rights that a rollout needs here and that we lack; empty when it has all. To be asked before anything is touched. */
  lacking(): Promise<Right[]>;
  /** For people: the cluster and the namespace. */
  where: { cluster: string; namespace: string };
  /** Ends what runs in the background, and connections of its own. The lease stays as it is. */
  close(): void;
}

/** Rejects with `ClusterError` where the cluster cannot be reached, and with `RolloutError` `invalid` where the object is
 * not there or cannot take part in a rollout. */
export async function openKubernetes(
  name: KubernetesTargetName,
  options: KubernetesOptions,
): Promise<KubernetesTarget> {
  const { onTrouble = () => {}, onNote = () => {} } = options;
  const entry = platforms[name];
  const api = options.api ?? (await reach(options));
  const namespace = options.namespace ?? api.connection.namespace;
  const resource = `${entry.kind}/${options.name}`;
  // What the platform and the ledger need of each other is there by the time they use it.
  const parts: { ledger?: KubernetesLedger } = {};
  const ledgerOf = () => parts.ledger as KubernetesLedger;
  const context: PlatformContext = {
    api,
    fence: () => ledgerOf().fence(),
    namespace,
    name: options.name,
    resource,
    options: platformOptions(options),
    ...mirrorOf(options),
    probe: {
      ...reachingProbe(api, () => ledgerOf().guardPod()),
      witness: podWitness(api, () => platform.pods(), onTrouble),
    },
    onTrouble,
  };
  const platform: Platform = await entry.open(context);
  const rights = runnerRights(name, { guarded: options.guard === "required" });
  const guard = options.guard === "off" ? null : await guardOptions(name, options, platform, namespace);
  const restore = () => target.restore();
  const ledger = openLedger({ api, namespace, resource, guard, restore, onTrouble });
  parts.ledger = ledger;
  const target = kubernetesTarget({ platform, ledger, onTrouble });
  const telemetry = await telemetryOf(options, { api, platform, namespace, onTrouble, onNote });
  return {
    target,
    ledger,
    telemetry,
    mirrored: mirroredTraffic({ api, platform, telemetry, mirrors: entry.mirrors }),
    predictions: (digest, fromMs) => predictionsOf(api, platform, digest, fromMs),
    lacking: () => api.lacking(rights.map((right) => ({ namespace, ...right }))),
    where: { cluster: api.connection.name, namespace },
    close() {
      ledger.close();
      if (options.api === undefined) api.close();
    },
  };
}

async function reach({ kubeconfig, context, namespace, signal }: KubernetesOptions): Promise<Api> {
  const [{ connect }, { openApi }] = await Promise.all([
    import("@ml-actions/cluster/connect"),
    import("@ml-actions/cluster/api"),
  ]);
  const connection = await connect({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
    ...(namespace !== undefined && { namespace }),
  });
  return openApi(connection, signal === undefined ? {} : { signal });
}

function telemetryOf(
  { telemetry = "auto", prometheus, prometheusToken, queries }: KubernetesOptions,
  parts: Pick<
    Parameters<typeof clusterTelemetry>[0],
    "api" | "platform" | "namespace" | "onTrouble" | "onNote"
  >,
) {
  return clusterTelemetry({
    ...parts,
    telemetry,
    ...(prometheus !== undefined && { prometheus }),
    ...(prometheusToken !== undefined && { token: prometheusToken }),
    ...(queries !== undefined && { queries }),
  });
}

function mirrorOf({
  mirrorProgram: program,
  guardImage: image,
}: KubernetesOptions): Pick<PlatformContext, "mirror"> {
  return program === undefined ? {} : { mirror: { program, ...(image !== undefined && { image }) } };
}

/** Those that the guard is told too: plain JSON. */
function platformOptions({ container, readyTimeoutMs, routeTimeoutMs }: KubernetesOptions): PlatformOptions {
  return {
    ...(container !== undefined && { container }),
    ...(readyTimeoutMs !== undefined && { readyTimeoutMs }),
    ...(routeTimeoutMs !== undefined && { routeTimeoutMs }),
  };
}

async function guardOptions(
  name: KubernetesTargetName,
  options: KubernetesOptions,
  platform: Platform,
  namespace: string,
): Promise<GuardOptions> {
  const { guard, guardProgram, guardImage } = options;
  if (guard === "off" || guardProgram === undefined) {
    throw invalid(
      `A guard is ${guard}, and the path of its program was not given.`,
      "This is a fault of the caller: `guardProgram` belongs to `guard`.",
    );
  }
  const { url, entrance = url } = await platform.read();
  return {
    mode: guard,
    program: guardProgram,
    target: { name, object: options.name, options: platformOptions(options) },
    rights: rightsOf(name).guard.map((right) => ({ namespace, ...right })),
    probeHosts: [new URL(entrance).host],
    rbacFile: `docs/rbac/${name}.yaml`,
    images: async () => {
      const { stable, candidate } = await platform.read();
      const own = [stable, candidate].flatMap((side) => side?.release.image ?? []);
      return [...own.map((image) => ({ image })), ...(guardImage === undefined ? [] : [guardImage])];
    },
  };
}

async function* predictionsOf(api: Api, platform: Platform, digest: string, fromMs?: number) {
  const [{ stable, candidate }, pods] = await Promise.all([platform.read(), platform.pods()]);
  const of = [
    ...(stable?.release.digest === digest ? pods.stable : []),
    ...(candidate?.release.digest === digest ? pods.candidate : []),
  ];
  yield* podPredictions(api, of, fromMs);
}
