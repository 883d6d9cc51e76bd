/** Who we are at a cluster: from a kubeconfig, or from the pod that we run in. */
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { ClusterError } from "./error.ts";
import { ExecCredentials } from "./exec-plugin.ts";
import { inCluster, isInCluster } from "./in-cluster.ts";
import { type Chosen, chooseContext, findKubeconfig } from "./kubeconfig.ts";
import { proxyFor } from "./proxy.ts";
import type { Connection, Credentials } from "./types.ts";

export interface ConnectOptions {
  /** A kubeconfig's text, or the path of one; else KUBECONFIG, ~/.kube/config, the pod that we run in. */
  kubeconfig?: string;
  /** The kubeconfig's current one unless told. */
  context?: string;
  /** The context's unless told, else `default`. */
  namespace?: string;
  environment?: NodeJS.ProcessEnv;
}

/** Sends nothing yet. Rejects with `ClusterError` code `kubeconfig` that names the file, the place in it and what it
 * has; `credentials()` with code `credentials`. */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const { kubeconfig, context, namespace, environment = process.env } = options;
  const found = findKubeconfig(kubeconfig, environment);
  if (found === null) {
    if (isInCluster(environment) && !context) {
      const pod = inCluster(environment);
      return namespace ? { ...pod, namespace } : pod;
    }
    throw new ClusterError(
      "kubeconfig",
      "no kubeconfig was given, and there is none in KUBECONFIG or ~/.kube/config",
      {
        remedy: "Give the input `kubeconfig`, or sign in to the cluster in a step before this one.",
      },
    );
  }
  // Loaded here and not above, since many actions touch no cluster; by name, so that the bundle leaves out its clients
  // of every kind.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const { parse } = await import("yaml");
  const chosen = chooseContext(found, context, (text) => parse(text));
  const { server } = chosen.cluster;
  if (!URL.canParse(server)) {
    throw new ClusterError(
      "kubeconfig",
      `the server of context ${JSON.stringify(chosen.context)} is no URL`,
      {
        remedy: "Write `server: https://host:port` in the kubeconfig.",
      },
    );
  }
  const proxy = proxyFor(server, chosen.cluster["proxy-url"], environment);
  const identity = new Identity(chosen, () => new KubeConfig());
  return {
    server: server.replace(/\/+$/, ""),
    namespace: namespace || chosen.namespace || "default",
    name: chosen.context,
    credentials: async (how = {}) => {
      const credentials = await identity.get({ renew: how.renew === true });
      return proxy === undefined ? credentials : { ...credentials, proxy };
    },
  };
}

/** The credentials of one context. client-node reads the files and speaks to identity providers. */
class Identity {
  readonly #chosen: Chosen;
  readonly #newConfig: () => KubeConfig;
  readonly #exec: ExecCredentials | null;
  #config: KubeConfig;

  constructor(chosen: Chosen, newConfig: () => KubeConfig) {
    const { user, cluster } = chosen;
    this.#chosen = chosen;
    this.#newConfig = newConfig;
    this.#exec = user.exec === undefined ? null : new ExecCredentials(user.exec, cluster);
    this.#config = this.#load();
  }

  async get({ renew }: { renew: boolean }): Promise<Credentials> {
    // A new one has read no file and asked no provider yet.
    if (renew) this.#config = this.#load();
    const { headers, ca, cert, key } = await this.#fromLibrary();
    const { "tls-server-name": servername, "insecure-skip-tls-verify": insecure } = this.#chosen.cluster;
    const given = await this.#exec?.get({ renew });
    const pair = given?.clientCertificateData
      ? { cert: given.clientCertificateData, key: given.clientKeyData ?? "" }
      : { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    return {
      headers: given?.token ? { ...headers, authorization: `Bearer ${given.token}` } : headers,
      ...(ca === undefined ? {} : { ca }),
      ...pair,
      ...(servername === undefined ? {} : { servername }),
      ...(insecure === true ? { insecure } : {}),
    };
  }

  async #fromLibrary(): Promise<Pick<Credentials, "headers" | "ca" | "cert" | "key">> {
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (cause) {
      // Its messages may quote what a provider answered.
      const { code } = cause as NodeJS.ErrnoException;
      const why = typeof code === "string" ? ` (${code})` : "";
      throw new ClusterError(
        "credentials",
        `the user of context ${JSON.stringify(this.#chosen.context)} has no credentials: a file or an identity provider gave none${why}`,
        {
          remedy: "Look at the user's files and `auth-provider` in the kubeconfig.",
        },
      );
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      headers[name.toLowerCase()] = `${value}`.trim();
    if (typeof options.auth === "string")
      headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
    const texts = { ca: pem(options.ca), cert: pem(options.cert), key: pem(options.key) };
    return {
      headers,
      ...(texts.ca === undefined ? {} : { ca: texts.ca }),
      ...(texts.cert === undefined ? {} : { cert: texts.cert }),
      ...(texts.key === undefined ? {} : { key: texts.key }),
    };
  }

  #load(): KubeConfig {
    const { cluster, user, context } = this.#chosen;
    const config = this.#newConfig();
    config.loadFromOptions({
      clusters: [
        {
          name: "cluster",
          // The library refuses plain HTTP, and would make connections of its own; ours are made elsewhere.
          server: "https://kubernetes.invalid",
          caFile: cluster["certificate-authority"],
          caData: cluster["certificate-authority-data"],
          skipTLSVerify: false,
        },
      ],
      users: [
        {
          name: "user",
          token: user.tokenFile === undefined ? user.token : undefined,
          username: user.username,
          password: user.password,
          certFile: user["client-certificate"],
          certData: user["client-certificate-data"],
          keyFile: user["client-key"],
          keyData: user["client-key-data"],
          impersonateUser: user.as,
          authProvider:
            user.tokenFile === undefined
              ? user["auth-provider"]
              : { name: "tokenFile", config: { tokenFile: user.tokenFile } },
        },
      ],
      contexts: [{ name: context, cluster: "cluster", user: "user" }],
      currentContext: context,
    });
    return config;
  }
}

function pem(value: RequestOptions["ca"] | RequestOptions["key"]): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}
