/** What broke between this process and a server, for the reader. */
import { shown } from "./address.ts";
import { OciError } from "./errors.ts";
import { proxyFor } from "./proxy.ts";

/** A connection that broke, or none. Code `proxy` when the proxy refused it, which trying again does not change. */
export function networkError(url: URL, cause: unknown): OciError {
  const proxy = proxyFor(url);
  const via = proxy === null ? "" : ` through the proxy ${proxy.shown}`;
  const status = refusedWith(cause);
  if (status !== null && status >= 400 && status < 500) {
    return new OciError("proxy", `no way to ${url.host}${via}: it answered ${status}`, {
      cause,
      remedy:
        status === 407
          ? `Put its user name and password into ${proxy?.variable}: http://user:password@proxy.example:3128.`
          : "Let the proxy allow this host, or list the host in NO_PROXY if it is reached without.",
    });
  }
  const why = status === null ? reason(cause as Error) : `it answered ${status}`;
  return new OciError("network", `no answer from ${shown(url)}${via}: ${why}`, {
    cause,
    remedy: "Check the address, the network and the proxy, and run it again.",
  });
}

/** What a proxy answered instead of opening the way, as Node's agents tell it. */
function refusedWith(cause: unknown): number | null {
  const { code, statusCode } = cause as { code?: unknown; statusCode?: unknown };
  return code === "ERR_PROXY_TUNNEL" && typeof statusCode === "number" ? statusCode : null;
}

function reason({ message, cause }: Error): string {
  const text = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
  return text ?? "";
}
