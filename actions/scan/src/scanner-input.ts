/** What `scanner` may be: a path, or an address to fetch it from. */
import { isLoopback } from "@ml-actions/oci/exchange";
import { ScanError, shown } from "./errors.ts";
import { compromisedVersion, pinnedVersion } from "./versions.ts";

export type ScannerInput = { kind: "path"; path: string } | { kind: "url"; url: URL };

/** @throws ScanError `scanner` */
export function scannerInput(text: string): ScannerInput {
  const compromised = compromisedVersion(text);
  if (compromised !== null) {
    throw new ScanError(
      "scanner",
      `${shown(text)} is Trivy ${compromised}, a release that stole secrets (CVE-2026-33634)`,
      `Do not run it. Use ${pinnedVersion}; where it has run already, change every secret that it could read.`,
    );
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { kind: "path", path: text };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "" || !isSafe(url)) {
    throw new ScanError(
      "scanner",
      "the address of the scanner is not https without a user name",
      "Write https://…; plain http is taken for this machine (127.0.0.1, localhost) alone.",
    );
  }
  return { kind: "url", url };
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}
