/** How a registry wants to be spoken to: its challenge, and the token that answers it. */
import { z } from "zod";
import { shown } from "./address.ts";
import { textOf } from "./body.ts";
import type { Credentials } from "./docker-config.ts";
import { OciError } from "./errors.ts";
import { exchange } from "./exchange.ts";
import { withRetries } from "./retries.ts";

export type Challenge =
  | { scheme: "basic" }
  | { scheme: "bearer"; realm: URL; service: string | null; scope: string | null };

/** Reads WWW-Authenticate (RFC 9110, 11.6.1); null when it names no scheme that is known. */
export function parseChallenge(header: string | null): Challenge | null {
  const match = /^\s*(basic|bearer)\b(.*)$/is.exec(header ?? "");
  if (match === null) return null;
  if (match[1]?.toLowerCase() === "basic") return { scheme: "basic" };
  const parameters = new Map(
    [...(match[2] ?? "").matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)].map(
      (parameter) => [
        parameter[1]?.toLowerCase() ?? "",
        (parameter[2] ?? parameter[3] ?? "").replace(/\\(.)/g, "$1"),
      ],
    ),
  );
  const realm = parameters.get("realm") ?? "";
  if (!URL.canParse(realm)) return null;
  return {
    scheme: "bearer",
    realm: new URL(realm),
    service: parameters.get("service") ?? null,
    scope: parameters.get("scope") ?? null,
  };
}

export function basicHeader(credentials: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

const tokenSchema = z
  .object({
    token: z.string().min(1).optional(),
    access_token: z.string().min(1).optional(),
    expires_in: z.number().optional(),
  })
  .transform(({ token, access_token, expires_in }) => ({
    token: token ?? access_token,
    expiresInS: expires_in ?? 60,
  }));

export interface Token {
  header: string;
  /** Milliseconds since 1970: 10 s before it expires. */
  usableUntil: number;
}

/** What is needed, and what the challenge asks for on top. Some registries challenge a push with the scope of a pull, so
 * their word alone is not enough; actions on one repository become one scope. */
export function mergeScopes(needed: string[], challenged: string | null): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of [...needed, ...(challenged?.split(" ").filter((text) => text !== "") ?? [])]) {
    const [, resource = scope, list = ""] = /^(.*):([^:]*)$/.exec(scope) ?? [];
    const set = actions.get(resource) ?? new Set();
    for (const action of list.split(",")) set.add(action);
    actions.set(resource, set);
  }
  return [...actions].map(([resource, set]) => `${resource}:${[...set].join(",")}`);
}

/** Fetches a token for scopes such as `repository:models/flights:pull` (distribution's token specification); anonymous
 * without credentials. Rejects with `OciError`. */
export async function fetchToken(
  challenge: Extract<Challenge, { scheme: "bearer" }>,
  scopes: string[],
  credentials: Credentials | null,
): Promise<Token> {
  const text = await withRetries(async () => {
    const { realm, service } = challenge;
    if (credentials !== null && "identityToken" in credentials) {
      const form = {
        grant_type: "refresh_token",
        refresh_token: credentials.identityToken,
        scope: scopes.join(" "),
        client_id: "ml-actions",
      };
      const response = await exchange(realm, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ ...form, ...(service !== null && { service }) }).toString(),
      });
      return textOf(response, realm);
    }
    const url = new URL(realm);
    if (service !== null) url.searchParams.set("service", service);
    for (const scope of scopes) url.searchParams.append("scope", scope);
    const response = await exchange(
      url,
      credentials === null ? {} : { headers: { authorization: basicHeader(credentials) } },
    );
    return textOf(response, realm);
  });
  const answer = tokenSchema.safeParse(parsed(text));
  if (!answer.success || answer.data.token === undefined) {
    throw new OciError("credentials", `the token server ${shown(challenge.realm)} answered without a token`, {
      remedy: "Check that the registry's address is right.",
    });
  }
  const { token, expiresInS } = answer.data;
  return { header: `Bearer ${token}`, usableUntil: Date.now() + (expiresInS - 10) * 1000 };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
