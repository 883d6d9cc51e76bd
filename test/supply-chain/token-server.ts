/** A token server as registries use them (distribution, "Token Authentication Specification"): it signs what the user
 * asks for, if the user may, and the real registry judges the signature. */
import { execFile } from "node:child_process";
import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const service = "ml-actions tests";
const issuer = "ml-actions token server";

export interface TokenServer {
  /** The registry's `auth` section. */
  auth: Record<string, unknown>;
  /** Scopes asked for, in order; several of one request in one text. */
  asked: string[];
  /** A token of the tests' own, for pushing. */
  token(repository: string, actions: string[]): string;
  stop(): Promise<void>;
}

/** `password` is that of the user `robot`, the only one. */
export async function startTokenServer(password: string): Promise<TokenServer> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-token-"));
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ml-actions tests"],
    ...["-keyout", key, "-out", certificate],
  ]);
  const privateKey = createPrivateKey(await readFile(key));
  const x5c = [new X509Certificate(await readFile(certificate)).raw.toString("base64")];
  const token = (name: string, actions: string[]) => tokenFor([{ type: "repository", name, actions }]);
  const tokenFor = (access: { type: string; name: string; actions: string[] }[]) => {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now - 10, exp: now + 120 };
    const claims = { iss: issuer, sub: "robot", aud: service, jti: randomUUID(), ...times, access };
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${encode({ alg: "RS256", typ: "JWT", x5c })}.${encode(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
  };
  const asked: string[] = [];
  const expected = `Basic ${Buffer.from(`robot:${password}`).toString("base64")}`;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    const scopes = url.searchParams.getAll("scope");
    asked.push(scopes.join(" "));
    if (request.headers.authorization !== expected || url.searchParams.get("service") !== service) {
      response.writeHead(401).end("unknown user");
      return;
    }
    const access = scopes.map((scope) => {
      const [, name = "", actions = ""] = /^repository:(.+):([a-z,]+)$/.exec(scope) ?? [];
      return { type: "repository", name, actions: actions.split(",") };
    });
    response.end(JSON.stringify({ token: tokenFor(access), expires_in: 120 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return {
    auth: { token: { realm, service, issuer, rootcertbundle: certificate } },
    asked,
    token,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
