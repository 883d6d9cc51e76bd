/**
 * A Sigstore of one's own in this process: @sigstore/mock's authorities behind real HTTP on one port, made to answer as
 * the real services do where the mock does not (Rekor's canonical entries, the binary timestamp request that cosign
 * sends), with the trusted root and signing configuration that belong to them, and the runner's OIDC endpoint.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  fulcioHandler,
  type HandlerFn,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  tsaHandler,
} from "@sigstore/mock";
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from "@sigstore/protobuf-specs";
import {
  canonicalDsseEntry,
  certificateRequest,
  hasReadableTime,
  logEntryV2,
  timestampRequestJson,
} from "./sigstore-forms.ts";

export interface RunningSigstore {
  /** All services answer under the one origin. */
  fulcioUrl: string;
  rekorUrl: string;
  /** The whole address, as a signing configuration has it. */
  tsaUrl: string;
  /** JSON of Sigstore's TrustedRoot for these services. */
  trustedRoot: unknown;
  /** JSON of Sigstore's SigningConfig v0.2 for these services. */
  signingConfig: unknown;
  /** An OIDC token (nobody checks its signature): Fulcio's certificate then is for `identity`. */
  token(identity: string, issuer?: string): string;
  /** The environment of a job with `id-token: write` that runs as `identity`. */
  runner(identity: string, issuer?: string): Record<string, string>;
  /** `METHOD /path` of every request so far. */
  seen: string[];
  stop(): Promise<void>;
}

export interface SigstoreOptions {
  /** Clocks that stand still, for certificates that have expired when the log sees them. Default: now. */
  clock?: { fulcio?: Date; rekor?: Date; tsa?: Date };
  /** Rekor 2 gives no time of its own: signers then need the timestamp authority. Default 1. */
  rekorVersion?: 1 | 2;
  /** Which services the signing configuration and the trusted root name. Default: both. */
  services?: { rekor?: boolean; tsa?: boolean };
}

export const githubIssuer = "https://token.actions.githubusercontent.com";

/** `etag`: cosign finds its entry by it. */
type Answer = Awaited<ReturnType<HandlerFn>> & { etag?: string | undefined };
type Route = (body: Buffer, request: IncomingMessage) => Promise<Answer>;

export async function startSigstore(options: SigstoreOptions = {}): Promise<RunningSigstore> {
  const seen: string[] = [];
  const tokens = new Map<string, string>();
  const routes = new Map<string, Route>();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://sigstore").pathname;
    seen.push(`${request.method} ${path}`);
    void answerOf(routes.get(`${request.method} ${path}`), request).then((answer) => {
      response.writeHead(answer.statusCode, {
        "content-type": answer.contentType ?? "text/plain",
        ...(answer.etag !== undefined && { etag: answer.etag }),
      });
      response.end(answer.response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const services = await servicesAt(url, options.clock ?? {});
  addRoutes(routes, services, tokens);
  const named = { rekor: options.services?.rekor ?? true, tsa: options.services?.tsa ?? true };
  const { ca, ctLog, log, tsa } = services;
  return {
    fulcioUrl: url,
    rekorUrl: url,
    tsaUrl: `${url}/api/v1/timestamp`,
    trustedRoot: trustedRootOf(url, {
      fulcio: [ca.rootCertificate],
      ctLog: { key: ctLog.publicKey, id: ctLog.logID },
      log: named.rekor ? log.publicKey : null,
      tsa: named.tsa ? [tsa.intCertificate, tsa.rootCertificate] : null,
    }),
    signingConfig: signingConfigOf(url, options.rekorVersion ?? 1, named),
    token: tokenOf,
    runner(identity, issuer) {
      const bearer = randomUUID();
      tokens.set(`Bearer ${bearer}`, tokenOf(identity, issuer));
      return {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/oidc/token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
      };
    },
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Services = Awaited<ReturnType<typeof servicesAt>>;

async function servicesAt(url: string, clock: NonNullable<SigstoreOptions["clock"]>) {
  const ctLog = await initializeCTLog(keyPair());
  return {
    ctLog,
    ca: await initializeCA(keyPair(), ctLog, clock.fulcio),
    log: await initializeTLog(url, keyPair(), clock.rekor),
    // Whole seconds, as Sigstore's own has them.
    tsa: await initializeTSA(keyPair(), clock.tsa && new Date(Math.floor(clock.tsa.getTime() / 1000) * 1000)),
  };
}

async function answerOf(route: Route | undefined, request: IncomingMessage): Promise<Answer> {
  if (route === undefined) return { statusCode: 404, response: `nothing at ${request.url}` };
  try {
    return await route(await bodyOf(request), request);
  } catch (error) {
    return { statusCode: 500, response: String(error) };
  }
}

function addRoutes(
  routes: Map<string, Route>,
  { ca, log, tsa }: Services,
  tokens: ReadonlyMap<string, string>,
): void {
  const fulcio = fulcioHandler(ca).fn;
  routes.set("POST /api/v2/signingCert", async (body, request) => {
    const answer = await fulcio(certificateRequest(body, request.headers.authorization));
    // As the real one answers; the mock says 201, which cosign takes for an error.
    return answer.statusCode === 201 ? { ...answer, statusCode: 200 } : answer;
  });
  routes.set("POST /api/v1/log/entries", async (body) => {
    const entry = await log.log(canonicalDsseEntry(JSON.parse(body.toString())));
    return { ...json(201, entry), etag: Object.keys(entry)[0] };
  });
  routes.set("POST /api/v2/log/entries", async (body) =>
    json(201, await logEntryV2(log, JSON.parse(body.toString()))),
  );
  const timestamp = tsaHandler(tsa).fn;
  routes.set("POST /api/v1/timestamp", async (body, request) => {
    const isBinary = request.headers["content-type"] === "application/timestamp-query";
    const asked = isBinary ? timestampRequestJson(body) : body.toString();
    for (;;) {
      const answer = await timestamp(asked);
      if (answer.statusCode !== 201 || hasReadableTime(answer.response)) return answer;
    }
  });
  routes.set("GET /oidc/token", async (_, request) => {
    const token = tokens.get(request.headers.authorization ?? "");
    return token === undefined ? { statusCode: 401, response: "" } : json(200, { value: token });
  });
}

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const json = (statusCode: number, value: unknown): Answer => ({
  statusCode,
  response: JSON.stringify(value),
  contentType: "application/json",
});

function tokenOf(identity: string, issuer: string = githubIssuer): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    sub: identity,
    aud: "sigstore",
    iat: seconds,
    nbf: seconds,
    exp: seconds + 600,
  };
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${part("unchecked")}`;
}

interface Authorities {
  fulcio: ArrayBufferView[];
  ctLog: { key: Buffer; id: ArrayBufferView };
  log: Buffer | null;
  tsa: ArrayBufferView[] | null;
}

const bytesOf = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
/** A day ago: clocks that stand still may stand in the past. */
const since = () => ({ start: new Date(Date.now() - 86_400_000) });

function trustedRootOf(url: string, { fulcio, ctLog, log, tsa }: Authorities): unknown {
  const authority = (certificates: ArrayBufferView[]) => ({
    subject: { organization: "sigstore.mock", commonName: "sigstore" },
    uri: url,
    certChain: { certificates: certificates.map((each) => ({ rawBytes: bytesOf(each) })) },
    validFor: since(),
    operator: "",
  });
  const instance = (key: Buffer, id: Buffer) => ({
    baseUrl: url,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes: key, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor: since() },
    logId: { keyId: id },
    checkpointKeyId: undefined,
    operator: "",
  });
  return TrustedRoot.toJSON({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    certificateAuthorities: [authority(fulcio)],
    ctlogs: [instance(ctLog.key, bytesOf(ctLog.id))],
    tlogs: log === null ? [] : [instance(log, createHash("sha256").update(log).digest())],
    timestampAuthorities: tsa === null ? [] : [authority(tsa)],
  });
}

function signingConfigOf(url: string, rekorVersion: 1 | 2, named: { rekor: boolean; tsa: boolean }): unknown {
  const service = (address: string, majorApiVersion = 1) => [
    { url: address, majorApiVersion, validFor: { start: since().start.toISOString() }, operator: "test" },
  ];
  return {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    caUrls: service(url),
    oidcUrls: [],
    rekorTlogUrls: named.rekor ? service(url, rekorVersion) : [],
    tsaUrls: named.tsa ? service(`${url}/api/v1/timestamp`) : [],
    ...(named.rekor && { rekorTlogConfig: { selector: "ANY" } }),
    ...(named.tsa && { tsaConfig: { selector: "ANY" } }),
  };
}
