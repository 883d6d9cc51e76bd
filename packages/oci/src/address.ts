/** What may be told of a URL, and which host is this machine. */

/** A URL for messages and logs: a query may be a signature, a user name a password. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Whether plain HTTP cannot be overheard there: it does not leave the machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
