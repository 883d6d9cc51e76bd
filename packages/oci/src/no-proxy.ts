/** NO_PROXY, which has no standard: what GitHub's own toolkit, curl and Go read alike, and networks as Go reads them. */
import { BlockList, isIP } from "node:net";

/** Whether `list` names the host of an https: URL: `*`; `corp.example`, `.corp.example` and `*.corp.example` for the name
 * and all below it; an address or a network (10.0.0.0/8); each with `:port` for that port alone. No name is resolved. */
export function isBypassed(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$|\.$/g, "");
  const port = url.port || "443";
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      // An IPv6 address has colons of its own, so its port needs brackets.
      const [, named = entry, only = port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
      const name = named.replace(/^\[|\]$/g, "");
      if (only !== port) return false;
      if (name === "*") return true;
      if (isIP(host) !== 0) return isWithin(host, name);
      const domain = name.replace(/^\*?\./, "");
      return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
    });
}

/** `network`: an address, or one with the length of its prefix. */
function isWithin(address: string, network: string): boolean {
  const [base = "", prefix] = network.split("/");
  const version = isIP(address);
  if (isIP(base) !== version) return false;
  const bits = version === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (!(length <= bits)) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  const block = new BlockList();
  block.addSubnet(base, length, family);
  return block.check(address, family);
}
