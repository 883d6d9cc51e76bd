/** A real registry behind a proxy that breaks things: a push completes, or ends with one clear error, and the tag names a
 * whole image or nothing. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { type OciError, parseReference, Registry } from "@ml-actions/oci";
import { manifestType, pushBytes, readAll } from "@ml-actions/oci/testing/artifacts";
import {
  answerLost,
  answers,
  breaks,
  breaksAfter,
  delays,
  type Fault,
  lies,
  limited,
} from "@ml-actions/oci/testing/faults";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRegistry, sha256, startRegistry } from "../components/docker-registry.ts";
import { type FaultProxy, startFaultProxy } from "../components/fault-proxy.ts";
import { goTool } from "../components/go-tool.ts";
import { startTokenServer, type TokenServer } from "./token-server.ts";

const run = promisify(execFile);
const soon = { "retry-after": "0" };

let real: RunningRegistry;
let crane: string;
const proxies: FaultProxy[] = [];
beforeAll(async () => {
  real = await startRegistry();
  crane = await goTool("crane");
});
afterAll(() => Promise.all([...proxies, real].map((running) => running?.stop())));

/** The registry seen through a proxy with this fault. */
async function behind(fault: Fault, host = real.host): Promise<string> {
  const proxy = await startFaultProxy(host);
  proxies.push(proxy);
  proxy.faults.push(fault);
  return proxy.host;
}

const at = (host: string, repository: string) =>
  new Registry(parseReference(`${host}/${repository}`), { dockerConfig: "/nonexistent" });

/** A new image of two chunks and a config, pushed whole. */
async function push(registry: Registry): Promise<string> {
  const bytes = randomBytes(34_000_000);
  const config = await pushBytes(registry, Buffer.from("{}"), "application/vnd.oci.image.config.v1+json");
  const layers = [await pushBytes(registry, bytes)];
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers }));
  const { digest } = await registry.pushManifest(manifest, manifestType, "1.0");
  const [layer] = layers;
  if (layer !== undefined) expect((await readAll(registry, layer)).equals(bytes)).toBe(true);
  return digest;
}

let repositories = 0;

describe.concurrent("a push to a real registry completes", () => {
  it.each<[string, Fault & { met: number }]>([
    ["429 with Retry-After", limited(/^POST/, 2, answers(429, { "retry-after": "1" }))],
    ["500 on a chunk", limited(/^PATCH/, 2, answers(500, soon))],
    ["502 on the end of an upload", limited(/^PUT .*uploads/, 2, answers(502, soon))],
    ["503 on manifests", limited(/^PUT .*manifests/, 3, answers(503, soon))],
    ["a reset in mid-chunk", limited(/^PATCH/, 1, breaksAfter(10_000_000))],
    ["a reset in each of the first two tries", limited(/^PATCH/, 2, breaksAfter(10_000_000))],
    ["a reset before anything was taken", limited(/^(PATCH|PUT)/, 2, breaks())],
    ["chunks whose answer is lost", limited(/^PATCH/, 1, answerLost())],
    ["an upload whose last answer is lost", limited(/^PUT .*uploads/, 1, answerLost())],
    ["slow answers", limited(/./, 6, delays(500))],
  ])("through %s", async (_name, fault) => {
    const repository = `completes/${repositories++}`;
    const digest = await push(at(await behind(fault), repository));
    expect(fault.met).toBeGreaterThan(0);
    expect((await run(crane, ["digest", `${real.host}/${repository}:1.0`])).stdout.trim()).toBe(digest);
  });
});

describe.concurrent("a push to a real registry ends with one error, and without a tag", () => {
  const evil = { headers: { "docker-content-digest": sha256("evil") } };
  it.each<[string, Fault, string]>([
    ["429 without end", limited(/^POST/, 99, answers(429, soon)), "rate-limited"],
    ["500 without end", limited(/^PATCH/, 99, answers(500, soon)), "status"],
    ["resets without end", limited(/^PATCH/, 99, breaksAfter(1_000_000)), "network"],
    ["403", limited(/^PUT .*manifests/, 99, answers(403, {}, "DENIED")), "denied"],
    ["another digest of a blob", limited(/^PUT .*uploads/, 99, lies(evil)), "digest"],
    ["another digest of the manifest", limited(/^PUT .*manifests/, 99, lies(evil)), "digest"],
  ])("on %s", async (_name, fault, code) => {
    const repository = `fails/${repositories++}`;
    const error = await push(at(await behind(fault), repository)).then(
      () => null,
      (thrown: OciError) => thrown,
    );
    expect(error).toMatchObject({ name: "OciError", code, remedy: expect.any(String) });
    expect(error?.message).not.toContain("\n");
    expect(await at(real.host, repository).resolve("1.0")).toBeNull();
  });

  it("on bytes that are changed on the way down", async () => {
    const bytes = Buffer.from("true layer");
    const descriptor = await pushBytes(at(real.host, "read"), bytes);
    const registry = at(await behind(lies({ body: Buffer.from("evil layer") })), "read");
    await expect(readAll(registry, descriptor)).rejects.toMatchObject({ code: "digest" });
  });
});

describe("a token that the registry no longer takes in the middle of a push", () => {
  let tokens: TokenServer;
  let guarded: RunningRegistry;
  beforeAll(async () => {
    tokens = await startTokenServer("open sesame");
    guarded = await startRegistry(tokens.auth);
  });
  afterAll(() => Promise.all([guarded?.stop(), tokens?.stop()]));

  it("is replaced by a new one, and the push goes on", async () => {
    let chunks = 0;
    const expired = new Set<string>();
    const host = await behind((request, response, forward) => {
      if (request.method === "PATCH" && ++chunks === 1) expired.add(request.headers.authorization ?? "");
      if (!expired.has(request.headers.authorization ?? "none")) return false;
      const challenge = JSON.parse(JSON.stringify(tokens.auth)).token as { realm: string; service: string };
      const header = `Bearer realm="${challenge.realm}",service="${challenge.service}",error="invalid_token"`;
      return answers(401, { "www-authenticate": header })(request, response, forward);
    }, guarded.host);
    const credentials = { username: "robot", password: "open sesame" };
    const registry = new Registry(parseReference(`${host}/models/flights`), { credentials });
    const digest = await push(registry);
    expect((await registry.resolve("1.0"))?.digest).toBe(digest);
    expect(tokens.asked.filter((scope) => scope.endsWith("pull,push"))).toHaveLength(2);
  });
});
