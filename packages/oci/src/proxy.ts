/** The way out of a network that lets only its proxy through, as the environment says it: HTTPS_PROXY and NO_PROXY, the
 * lower case before the upper. Plain HTTP goes to this machine alone, so HTTP_PROXY has no part here. */
import { Agent, type AgentOptions } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { isLoopback } from "./address.ts";
import { OciError } from "./errors.ts";
import { isBypassed } from "./no-proxy.ts";

export interface Proxy {
  /** With the credentials, if there are any. */
  href: string;
  /** For messages. */
  shown: string;
  /** How the variable is written that names it. */
  variable: string;
}

/** A proxy that does not answer, and a connection that nobody uses. */
const proxyTimeoutMs = 30_000;
const idleTimeoutMs = 5_000;

/** What stands between this process and a URL; null for nothing. Throws `OciError` code `proxy` when the variable cannot
 * be understood: to go around the proxy would end in a less honest "no answer". */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv = process.env): Proxy | null {
  if (url.protocol !== "https:" || isLoopback(url.hostname)) return null;
  const variable = environment.https_proxy ? "https_proxy" : "HTTPS_PROXY";
  const written = environment[variable];
  if (!written || isBypassed(url, environment.no_proxy || environment.NO_PROXY || "")) return null;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `http://${written}`;
  const proxy = URL.canParse(text) ? new URL(text) : null;
  if (proxy === null || !/^https?:$/.test(proxy.protocol) || !isDecodable(proxy)) {
    // Never its value: it may hold a password.
    throw new OciError("proxy", `the variable ${variable} holds no URL of an HTTP proxy`, {
      remedy: "Write http://proxy.example:3128, or with credentials, percent-encoded, http://user:password@…",
    });
  }
  return { href: proxy.href, shown: `${proxy.protocol}//${proxy.host}`, variable };
}

function isDecodable({ username, password }: URL): boolean {
  try {
    return !/[\r\n]/.test(decodeURIComponent(`${username}:${password}`));
  } catch {
    return false;
  }
}

const agents = new Map<string, Agent>();

/** The connections for a URL, through its proxy. `flags`: what this Node knows; its agents take proxies since it has
 * `--use-env-proxy` (24.5.0). Throws `OciError` code `proxy`. */
export function agentFor(
  url: URL,
  environment: NodeJS.ProcessEnv = process.env,
  flags: ReadonlySet<string> = process.allowedNodeEnvironmentFlags,
): Agent {
  const proxy = proxyFor(url, environment);
  if (proxy !== null && !flags.has("--use-env-proxy")) {
    throw new OciError(
      "proxy",
      `${proxy.variable} names the proxy ${proxy.shown}, which this Node (${process.version}) cannot use`,
      {
        remedy:
          "Update the runner: it takes Node 24.5 or newer. A host that is reached without the proxy belongs into NO_PROXY.",
      },
    );
  }
  const key = `${url.protocol} ${proxy?.href ?? ""}`;
  const agent = agents.get(key) ?? newAgent(url, proxy);
  agents.set(key, agent);
  return agent;
}

function newAgent(url: URL, proxy: Proxy | null): Agent {
  const options: AgentOptions =
    proxy === null
      ? { keepAlive: true, timeout: idleTimeoutMs }
      : // NO_PROXY has been read: Node's own reading knows no domains without a dot before them.
        { keepAlive: true, timeout: proxyTimeoutMs, proxyEnv: { HTTPS_PROXY: proxy.href } };
  return url.protocol === "https:" ? new TlsAgent(options) : new Agent(options);
}
