/** Starts the mirroring proxy beside the path: its Services, its program, its pods, until stable has answered through
 * each of them. */
import { readFile } from "node:fs/promises";
import type { KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import { type RoutingService, servicesIn } from "./deployment-service.ts";
import { programBundle } from "./guard-bundle.ts";
import { assertOurs } from "./ledger-names.ts";
import type { GuardImage } from "./ledger-types.ts";
import {
  drainMs,
  mirrorFile,
  mirrorObjects,
  mirrorSpecAnnotation,
  type ProxyRequest,
  proxiesFor,
  proxyDeployment,
  sideService,
  specHash,
} from "./mirror-proxy-manifest.ts";
import { type ProxyPort, proxyPorts } from "./mirror-proxy-ports.ts";
import type { Pair } from "./pair.ts";
import type { PlatformContext } from "./platforms.ts";
import { invalid } from "./refusals.ts";
import { candidateSelector } from "./workload-labels.ts";
import { untilReady } from "./workload-ready.ts";

/** An image that is there and a small program: what takes longer does not come. */
const readyTimeoutMs = 120_000;
/** What another image may not have. */
const ofImage =
  /ImagePull|ErrImage|InvalidImageName|CreateContainer|RunContainer|StartError|exit code 12[678]/;

interface Prepared extends Omit<ProxyRequest, "image"> {
  /** Stable's Service of ours: it goes last, and the program with it. */
  owner: KubeObject;
}

/** The Services of both sides are there, and what the proxy will be told.
 * @throws RolloutError `invalid` where this Service cannot lead to a proxy */
export async function prepareProxy(
  context: PlatformContext,
  { stable, container }: Pair,
  service: RoutingService,
  percent: number,
): Promise<Prepared> {
  const { namespace, resource, mirror } = context;
  if (mirror === undefined) {
    throw invalid(
      "The path of the mirroring proxy's program was not given.",
      "This is a fault of the caller: `mirrorProgram` belongs to `mirror`.",
    );
  }
  const objects = mirrorObjects(namespace, resource);
  const ports = proxyPorts(service.object, stable, container);
  const program = await readFile(mirror.program, "utf8");
  const all = [ports.http, ...ports.others];
  const owner = await ensureService(context, objects.stable, service.selector, all);
  const copies = await ensureService(context, objects.candidate, candidateSelector(resource), [ports.http]);
  const settings = {
    percent,
    stable: addressOf(owner),
    candidate: addressOf(copies),
    httpPort: ports.http.number,
    tcpPorts: ports.others.map(({ number }) => number),
    readyPort: ports.readyPort,
    readyPath: ports.readyPath,
    drainMs,
  };
  const { name: bundle } = bundleOf(context, program);
  return { ref: objects.deployment, resource, settings, ports, program, bundle, stable, owner };
}

/** Whether a Deployment that is there is the one that would be made. */
export const isAsPrepared = (found: KubeObject, prepared: Prepared): boolean =>
  found.metadata.annotations?.[mirrorSpecAnnotation] === specHash(prepared);

/** Resolves when all pods of the proxy are ready. */
export async function startProxy(context: PlatformContext, prepared: Prepared, pair: Pair): Promise<void> {
  const images = imagesFor(context, pair);
  for (const [index, image] of images.entries()) {
    try {
      return await startWith(context, { ...prepared, image });
    } catch (error) {
      const other = error instanceof RolloutError && ofImage.test(error.message) && index + 1 < images.length;
      if (!other) throw error;
      context.onTrouble(`${error.message} Trying ${images[index + 1]?.image}.`);
      await context.fence();
      await context.api.remove(prepared.ref, { propagation: "Background" });
    }
  }
}

/** Threat: what runs here is in users' way, so the candidate's image, which is not trusted yet, is none of these. */
function imagesFor({ mirror }: PlatformContext, { stableSide }: Pair): GuardImage[] {
  const own = stableSide?.release.image;
  const given = mirror?.image;
  const images = [...(own === undefined ? [] : [{ image: own }]), ...(given === undefined ? [] : [given])];
  if (images.length > 0) return images;
  throw invalid(
    "There is no image that the mirroring proxy could run in: stable's is not known.",
    "Give `guard-image` an image with Node, which the proxy runs in too.",
  );
}

async function startWith(context: PlatformContext, request: Prepared & ProxyRequest): Promise<void> {
  const { api, fence } = context;
  await fence();
  await bundleOf(context, request.program).own(request.owner);
  await apply(context, proxyDeployment(request));
  await untilReady(api, request.ref, {
    replicas: proxiesFor(request.stable.spec.replicas),
    timeoutMs: Math.min(readyTimeoutMs, context.options.readyTimeoutMs ?? readyTimeoutMs),
    who: "the mirroring proxy",
  });
}

const bundleOf = ({ api, namespace }: PlatformContext, program: string) =>
  programBundle(api, namespace, program, { prefix: "ml-actions-mirror", file: mirrorFile });

async function apply({ api, fence }: PlatformContext, object: KubeObject): Promise<KubeObject> {
  await fence();
  return api.apply(object, { force: true });
}

async function ensureService(
  context: PlatformContext,
  ref: ObjectRef,
  selector: Record<string, string>,
  ports: readonly ProxyPort[],
): Promise<KubeObject> {
  const { api, namespace, resource } = context;
  const found = (await servicesIn(api, namespace)).find(({ metadata }) => metadata.name === ref.name);
  if (found !== undefined) assertOurs(found, resource);
  return apply(context, sideService(ref, resource, selector, ports));
}

const addressOf = ({ spec }: KubeObject) => (spec as { clusterIP: string }).clusterIP;
