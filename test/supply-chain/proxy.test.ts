/** A registry that only a proxy can reach: its name means nothing to this machine, its certificate is of a CA of ours. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import {
  type ForwardProxy,
  type ForwardProxyOptions,
  startForwardProxy,
} from "../components/forward-proxy.ts";

const run = promisify(execFile);
// More than one chunk of an upload.
const bytes = 40_000_000;
const host = "registry.example";
const whole = { pushed: "sent", read: bytes, saved: bytes };

let directory: string;
let registry: RunningRegistry;
let hosts: Record<string, number>;
let proxy: ForwardProxy | null = null;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-proxy-"));
  const [certificate, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
    ...["-subj", "/CN=ml-actions tests", "-addext", `subjectAltName=DNS:${host},DNS:localhost,IP:127.0.0.1`],
    ...["-keyout", key, "-out", certificate],
  ]);
  registry = await startRegistry({}, { tls: { certificate, key } });
  hosts = { [`${host}:443`]: Number(registry.host.split(":")[1]) };
});
afterEach(async () => {
  await proxy?.stop();
  proxy = null;
});
afterAll(async () => {
  await registry?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(options: Partial<ForwardProxyOptions> = {}): Promise<ForwardProxy> {
  proxy = await startForwardProxy({ hosts, ...options });
  return proxy;
}

async function transfer(variables: Record<string, string>, reference = `${host}/models/flights`) {
  const { PATH = "" } = process.env;
  const program = join(import.meta.dirname, "through-proxy.ts");
  const { stdout } = await run(process.execPath, ["--no-maglev", program, reference, String(bytes)], {
    env: { PATH, NODE_EXTRA_CA_CERTS: join(directory, "cert.pem"), ...variables },
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("behind a proxy", () => {
  it.each(["HTTPS_PROXY", "https_proxy"])("everything passes through what %s names", async (variable) => {
    const { port, asked, passedBytes } = await start();
    expect(await transfer({ [variable]: `http://127.0.0.1:${port}` })).toEqual(whole);
    expect(new Set(asked)).toEqual(new Set([`${host}:443`]));
    // Sent once, read twice.
    expect(passedBytes()).toBeGreaterThan(3 * bytes);
  });

  it("credentials of its URL are shown to it, a URL may lack its scheme", async () => {
    const { port } = await start({ credentials: "build:p@ss:w%rd" });
    expect(await transfer({ HTTPS_PROXY: `build:p%40ss%3Aw%25rd@127.0.0.1:${port}` })).toEqual(whole);
  });

  it("wrong credentials are told once, and without the password", async () => {
    const { port, asked } = await start({ credentials: "build:right" });
    const failure = await transfer({ HTTPS_PROXY: `http://build:s3cret@127.0.0.1:${port}` });
    expect(failure).toMatchObject({ code: "proxy", message: expect.stringContaining("it answered 407") });
    expect(failure).toMatchObject({ remedy: expect.stringContaining("HTTPS_PROXY") });
    expect(JSON.stringify(failure)).not.toMatch(/s3cret|build/);
    expect(asked).toHaveLength(1);
  });

  it("one that speaks TLS is taken, too", async () => {
    const [cert, key] = await Promise.all(
      ["cert.pem", "key.pem"].map((name) => readFile(join(directory, name))),
    );
    const { port, asked } = await start({ tls: { cert: cert as Buffer, key: key as Buffer } });
    expect(await transfer({ HTTPS_PROXY: `https://localhost:${port}` })).toEqual(whole);
    expect(asked.length).toBeGreaterThan(0);
  });

  it("it is left out for hosts in NO_PROXY", async () => {
    const { port, asked } = await start();
    const failure = await transfer({ HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: ".example" });
    // The name means nothing without the proxy.
    expect(failure).toMatchObject({ code: "network", message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
    expect(asked).toEqual([]);
  });

  it("it is left out for this machine, also when Node is told to use it for everything", async () => {
    const plain = await startRegistry();
    try {
      const { port, asked } = await start();
      const proxied = { HTTPS_PROXY: `http://127.0.0.1:${port}`, HTTP_PROXY: `http://127.0.0.1:${port}` };
      const reference = `${plain.host}/models/flights`;
      expect(await transfer({ ...proxied, NODE_USE_ENV_PROXY: "1" }, reference)).toEqual(whole);
      expect(asked).toEqual([]);
    } finally {
      await plain.stop();
    }
  });

  it("the registry's certificate still has to be its own", async () => {
    const { port } = await start({ hosts: { "other.example:443": hosts[`${host}:443`] as number } });
    const failure = await transfer(
      { HTTPS_PROXY: `http://127.0.0.1:${port}` },
      "other.example/models/flights",
    );
    expect(failure).toMatchObject({ code: "network", message: expect.stringMatching(/altnames/) });
  });
});
