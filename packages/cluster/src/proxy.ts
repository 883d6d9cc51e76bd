/** The way to an API server out of a network that lets only its proxy through, as kubectl takes it: the kubeconfig's
 * `proxy-url`, else HTTPS_PROXY unless NO_PROXY names the server; lower case before upper. */
import type { AgentOptions } from "node:http";
import { isBypassed } from "@ml-actions/oci/no-proxy";
import { ClusterError } from "./error.ts";

/** undefined: none. Throws `ClusterError` code `kubeconfig` for what is no HTTP proxy; never with its value, which may
 * hold a password. */
export function proxyFor(
  server: string,
  proxyUrl: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const url = new URL(server);
  if (proxyUrl) return checked(proxyUrl, "`proxy-url` in the kubeconfig");
  if (url.protocol !== "https:" || /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(url.hostname))
    return undefined;
  const variable = environment.https_proxy ? "https_proxy" : "HTTPS_PROXY";
  const written = environment[variable];
  if (!written || isBypassed(url, environment.no_proxy || environment.NO_PROXY || "")) return undefined;
  return checked(written, `the variable ${variable}`);
}

/** For Node's agents, which take proxies since Node has `--use-env-proxy` (24.5). */
export function proxyOptions(proxy: string | undefined): AgentOptions {
  if (proxy === undefined) return {};
  if (!process.allowedNodeEnvironmentFlags.has("--use-env-proxy")) {
    throw new ClusterError("kubeconfig", `this Node (${process.version}) cannot go through a proxy`, {
      remedy:
        "Update the runner: it takes Node 24.5 or newer. A server reached without the proxy belongs into NO_PROXY.",
    });
  }
  return { proxyEnv: { HTTPS_PROXY: proxy, HTTP_PROXY: proxy } };
}

function checked(written: string, where: string): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `http://${written}`;
  const proxy = URL.canParse(text) ? new URL(text) : null;
  if (proxy !== null && /^https?:$/.test(proxy.protocol) && isDecodable(proxy)) return proxy.href;
  throw new ClusterError("kubeconfig", `${where} holds no URL of an HTTP proxy`, {
    remedy:
      "Write http://proxy.example:3128, or with credentials, percent-encoded, http://user:password@…; SOCKS is not taken.",
  });
}

function isDecodable({ username, password }: URL): boolean {
  try {
    return !/[\r\n]/.test(decodeURIComponent(`${username}:${password}`));
  } catch {
    return false;
  }
}
