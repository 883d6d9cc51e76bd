/**
 * A program that the kubeconfig names and that gives credentials (client.authentication.k8s.io). Our own and not
 * client-node's: that one gives the program no KUBERNETES_EXEC_INFO, waits for it for ever, hands it every input of the
 * action, and puts what it wrote to stderr, which may hold a secret, into its error.
 */
import { spawn } from "node:child_process";
import { z } from "zod";
import { ClusterError } from "./error.ts";
import type { ExecPlugin, KubeconfigCluster } from "./kubeconfig.ts";

/** Signing in at a cloud's endpoint, with its own retries. */
const timeoutMs = 60_000;
const maxOutputBytes = 1024 * 1024;
/** What expires within this time is fetched anew: it must outlive the request. */
const aheadMs = 60_000;

const credentialSchema = z.object({
  kind: z.literal("ExecCredential"),
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
});

export type ExecStatus = z.output<typeof credentialSchema>["status"];

/** Runs the program when there are no credentials yet, when they are about to expire, or to renew them. */
export class ExecCredentials {
  readonly #plugin: ExecPlugin;
  readonly #cluster: KubeconfigCluster;
  #known: { status: ExecStatus; untilMs: number } | null = null;
  #running: Promise<ExecStatus> | null = null;

  constructor(plugin: ExecPlugin, cluster: KubeconfigCluster) {
    this.#plugin = plugin;
    this.#cluster = cluster;
  }

  /** Rejects with `ClusterError` code `credentials`; never with what the program wrote. */
  async get({ renew }: { renew: boolean }): Promise<ExecStatus> {
    if (this.#known !== null && !renew && Date.now() + aheadMs < this.#known.untilMs)
      return this.#known.status;
    // Requests that run at the same time wait for one program.
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<ExecStatus> {
    const { command } = this.#plugin;
    const output = await outputOf(this.#plugin, this.#cluster);
    const outcome = credentialSchema.safeParse(json(output));
    if (!outcome.success) throw failed(command, "it gave no ExecCredential");
    const { status } = outcome.data;
    const hasPair = status.clientCertificateData !== undefined && status.clientKeyData !== undefined;
    if (!status.token && !hasPair)
      throw failed(command, "it gave neither a token nor a certificate with its key");
    if (/[^\x20-\x7e]/.test(status.token ?? ""))
      throw failed(command, "its token is none that HTTP can carry");
    const expiresMs = Date.parse(status.expirationTimestamp ?? "");
    this.#known = { status, untilMs: Number.isNaN(expiresMs) ? Number.POSITIVE_INFINITY : expiresMs };
    return status;
  }
}

function outputOf(
  { apiVersion, command, args, env, provideClusterInfo }: ExecPlugin,
  cluster: KubeconfigCluster,
) {
  const info = {
    kind: "ExecCredential",
    apiVersion,
    spec: { interactive: false, ...(provideClusterInfo === true ? { cluster: clusterInfo(cluster) } : {}) },
  };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(command, args ?? [], {
    stdio: ["ignore", "pipe", "ignore"],
    env: {
      ...withoutInputs(process.env),
      ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    },
  });
  const fail = (why: string) => {
    child.kill("SIGKILL");
    // A program of its own may keep the pipe open.
    child.stdout.destroy();
    reject(failed(command, why));
  };
  const timer = setTimeout(() => fail(`it gave nothing for ${timeoutMs} ms`), timeoutMs);
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxOutputBytes) fail(`it gave more than ${maxOutputBytes} bytes`);
  });
  child.on("error", ({ code }: NodeJS.ErrnoException) =>
    fail(code === "ENOENT" ? "there is no such program" : `${code}`),
  );
  child.on("close", (code, signal) => {
    if (code === 0) resolve(Buffer.concat(chunks).toString("utf8"));
    else fail(`it ended with ${signal ?? `exit code ${code}`}`);
  });
  return promise.finally(() => clearTimeout(timer));
}

/** The action's inputs, tokens among them, are none of its business. */
function withoutInputs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("INPUT_")));
}

function clusterInfo(cluster: KubeconfigCluster): Record<string, unknown> {
  return {
    server: cluster.server,
    "certificate-authority-data": cluster["certificate-authority-data"],
    "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
    "tls-server-name": cluster["tls-server-name"],
    "proxy-url": cluster["proxy-url"],
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function failed(command: string, why: string): ClusterError {
  return new ClusterError(
    "credentials",
    `the kubeconfig's program ${JSON.stringify(command)} gave no credentials: ${why}`,
    {
      remedy: "Run it by hand; what it writes to stderr is not shown here, since it may hold secrets.",
    },
  );
}
