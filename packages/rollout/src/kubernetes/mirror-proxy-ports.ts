/** Which ports the mirroring proxy has: those of stable's pods that the Service leads to, so that the Service's own ports
 * stay as they are. Pure. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { assertSound } from "./checks.ts";
import { type Container, servingPort, type Workload } from "./workload.ts";

const serviceSchema = z.looseObject({
  spec: z.looseObject({
    internalTrafficPolicy: z.string().default("Cluster"),
    externalTrafficPolicy: z.string().default("Cluster"),
    ports: z.array(
      z.looseObject({
        name: z.string().default(""),
        port: z.number(),
        targetPort: z.union([z.string(), z.number()]).optional(),
        protocol: z.string().default("TCP"),
        appProtocol: z.string().default(""),
      }),
    ),
  }),
});
type ServicePort = z.infer<typeof serviceSchema>["spec"]["ports"][number];

export interface ProxyPort {
  number: number;
  /** As the Service asks for it, where it asks by name. */
  name?: string;
}

export interface ProxyPorts {
  /** Where predictions are asked for. */
  http: ProxyPort;
  others: ProxyPort[];
  /** Of the proxy alone. */
  readyPort: number;
  /** What stable answers on `http`. */
  readyPath: string;
}

const firstReadyPort = 8098;
/** HTTP/2 without TLS, and TLS: their requests are not to be told apart on the way. */
const notHttp1 = /^(kubernetes\.io\/)?(h2c|http2|https|grpcs?|grpc-web|tls|wss)(-|$)/i;

/** @throws RolloutError `invalid` with all that keeps this Service from leading to a proxy */
export function proxyPorts(service: KubeObject, workload: Workload, container: Container): ProxyPorts {
  const { spec } = serviceSchema.parse(service);
  const serving = servingPort(container);
  const problems: string[] = [];
  const found = new Map<number, { port: ServicePort; own: ProxyPort }>();
  for (const port of spec.ports) {
    const number = numberOf(port, workload);
    const who = `port ${port.name === "" ? port.port : `${port.name} (${port.port})`}`;
    if (port.protocol !== "TCP") problems.push(`its ${who} is ${port.protocol}: only TCP can pass the proxy`);
    else if (number === null)
      problems.push(`its ${who} leads to port ${port.targetPort}, which no container of stable has`);
    else {
      const name = typeof port.targetPort === "string" ? port.targetPort : found.get(number)?.own.name;
      found.set(number, { port, own: { number, ...(name !== undefined && { name }) } });
    }
  }
  const all = [...found.values()];
  const http = all.find(({ own }) => own.number === serving) ?? all[0];
  problems.push(...problemsOfPolicy(spec), ...problemsOfHttp(http?.port, container));
  const who = `Service ${service.metadata.name}`;
  assertSound(
    who,
    problems,
    "Change what is named, or compare with `mode: replay`; nothing has been changed.",
  );
  if (http === undefined) throw new Error(`${who} has no port, and passed for sound`);
  const taken = new Set(found.keys());
  let readyPort = firstReadyPort;
  while (taken.has(readyPort)) readyPort += 1;
  const probed = container.readinessProbe?.httpGet;
  return {
    http: http.own,
    others: all.filter((each) => each !== http).map(({ own }) => own),
    readyPort,
    readyPath: http.own.number === serving ? (probed?.path ?? "/") : "/",
  };
}

/** As the Service finds it in a pod. */
function numberOf({ port, targetPort = port }: ServicePort, { spec }: Workload): number | null {
  if (typeof targetPort === "number") return targetPort;
  const ports = spec.template.spec.containers.flatMap((each) => each.ports);
  return ports.find(({ name }) => name === targetPort)?.containerPort ?? null;
}

function problemsOfPolicy(spec: { internalTrafficPolicy: string; externalTrafficPolicy: string }): string[] {
  return (["internalTrafficPolicy", "externalTrafficPolicy"] as const)
    .filter((policy) => spec[policy] === "Local")
    .map((policy) => `its ${policy} is Local: nodes without a pod of the proxy would be without stable`);
}

function problemsOfHttp(port: ServicePort | undefined, { readinessProbe }: Container): string[] {
  if (port === undefined) return ["it has no port that could be copied"];
  const { name, appProtocol } = port;
  const told = [appProtocol, name].find((text) => notHttp1.test(text));
  const secured = (readinessProbe?.httpGet as { scheme?: unknown } | undefined)?.scheme === "HTTPS";
  if (told === undefined && !secured) return [];
  return [
    `its port ${port.port} does not speak HTTP/1.1 without TLS, as ${secured ? "the readinessProbe" : JSON.stringify(told)} says: its requests cannot be copied`,
  ];
}
