/** One repository of one registry: where it is, and every request to it with the authorization that it asks for. */

import { isLoopback } from "./address.ts";
import { type Credentials, dockerConfigDirectory, storedCredentials } from "./docker-config.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { formatReference, type Reference } from "./reference.ts";
import { basicHeader, type Challenge, fetchToken, mergeScopes, parseChallenge, type Token } from "./token.ts";

export interface RegistryOptions {
  /** Instead of what `docker login` stored. */
  credentials?: Credentials;
  /** The folder of Docker's config.json. */
  dockerConfig?: string;
}

/** What a request needs to be allowed: `mount` is the repository that a blob is mounted from. */
export type Access = "pull" | "push" | { mount: string };

export class Connection {
  readonly reference: Reference;
  /** Ends in a slash: `https://ghcr.io/v2/org/flights/`. */
  readonly base: URL;
  readonly #options: RegistryOptions;
  #credentials: Promise<Credentials | null> | null = null;
  #challenge: Challenge | null = null;
  readonly #tokens = new Map<string, Token>();

  /** Plain HTTP is spoken to this machine (127.0.0.1, localhost) alone. */
  constructor(reference: Reference, options: RegistryOptions) {
    this.reference = reference;
    this.#options = options;
    const host = reference.registry === "docker.io" ? "registry-1.docker.io" : reference.registry;
    const { hostname } = new URL(`https://${host}`);
    this.base = new URL(`${isLoopback(hostname) ? "http" : "https"}://${host}/v2/${reference.repository}/`);
  }

  /** One attempt, as `exchange`; a token that is missing, or that the registry no longer takes, is fetched once. */
  async exchange(url: URL, request: Exchange, access: Access): Promise<Response> {
    // An upload's location may be storage elsewhere, with a signature of its own.
    if (url.origin !== this.base.origin) return exchange(url, request);
    const scopes = this.#scopes(access);
    const known = await this.#known(scopes);
    const accept = [...(request.accept ?? []), 401];
    const response = await exchange(url, { ...withAuthorization(request, known), accept });
    if (response.status !== 401) return response;
    this.#challenge = parseChallenge(response.headers.get("www-authenticate"));
    await response.body?.cancel();
    for (const [key, { header }] of this.#tokens) if (header === known) this.#tokens.delete(key);
    return exchange(url, withAuthorization(request, await this.#answer(scopes)));
  }

  #scopes(access: Access): string[] {
    const own = `repository:${this.reference.repository}:${access === "pull" ? "pull" : "pull,push"}`;
    return typeof access === "string" ? [own] : [own, `repository:${access.mount}:pull`];
  }

  /** The header for scopes when one can be had without being challenged again. */
  async #known(scopes: string[]): Promise<string | null> {
    if (this.#challenge === null) return null;
    // What may push may pull.
    const push =
      scopes.length === 1 ? this.#tokens.get(scopes[0]?.replace(/:pull$/, ":pull,push") ?? "") : null;
    for (const token of [push, this.#tokens.get(scopes.join(" "))]) {
      if (token && token.usableUntil > Date.now()) return token.header;
    }
    return this.#answer(scopes);
  }

  /** The Authorization that answers the challenge; null when there is none to give. */
  async #answer(scopes: string[]): Promise<string | null> {
    this.#credentials ??= this.#findCredentials();
    const credentials = await this.#credentials;
    if (this.#challenge === null) return null;
    if (this.#challenge.scheme === "bearer") {
      const asked = mergeScopes(scopes, this.#challenge.scope);
      const token = await fetchToken(this.#challenge, asked, credentials);
      this.#tokens.set(scopes.join(" "), token);
      return token.header;
    }
    return credentials !== null && "username" in credentials ? basicHeader(credentials) : null;
  }

  async #findCredentials(): Promise<Credentials | null> {
    const { credentials, dockerConfig } = this.#options;
    return credentials ?? storedCredentials(this.reference.registry, dockerConfig ?? dockerConfigDirectory());
  }

  toString(): string {
    const { registry, repository } = this.reference;
    return formatReference({ registry, repository });
  }
}

function withAuthorization(request: Exchange, authorization: string | null): Exchange {
  return authorization === null ? request : { ...request, headers: { ...request.headers, authorization } };
}
