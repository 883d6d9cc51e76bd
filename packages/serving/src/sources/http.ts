/** A model at an https: URL, also a presigned one; plain http: from this machine alone. */
import { isLoopback } from "@ml-actions/oci";
import { ServingError } from "../errors.ts";
import { fetchWithContract } from "./fetching.ts";
import type { FetchOptions } from "./source.ts";

export async function fetchOverHttp(uri: string, options: FetchOptions): Promise<string> {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  const problem =
    url === null
      ? "it is no URL"
      : url.username !== "" || url.password !== ""
        ? "it holds credentials, which would end in logs"
        : url.protocol === "http:" && !isLoopback(url.hostname)
          ? "plain http: is taken from this machine alone"
          : null;
  if (url === null || problem !== null) {
    throw new ServingError("model-uri", `no model can be fetched from this http(s) URI: ${problem}`, {
      remedy: "Give an https: URL; one that needs a login can be presigned.",
    });
  }
  const shown = `${url.origin}${url.pathname}`;
  return fetchWithContract({ url, shown, request: async () => ({}) }, options);
}
