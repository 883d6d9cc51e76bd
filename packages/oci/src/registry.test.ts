import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OciError } from "./errors.ts";
import type { Manifest } from "./manifest.ts";
import { parseReference } from "./reference.ts";
import { Registry, type RegistryOptions } from "./registry.ts";
import { artifact, contentHandler, type Handler, serve, type TestServer } from "./testing/fake-registry.ts";

const model = Buffer.from("weights ".repeat(50_000));
const content = artifact({ "flights.onnx": model });
const plain = contentHandler(content);

let directory: string;
const servers: TestServer[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-oci-"));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await rm(directory, { recursive: true });
});

async function start(handler: Handler): Promise<TestServer> {
  const server = await serve(handler);
  servers.push(server);
  return server;
}

const open = (server: TestServer, options: RegistryOptions = {}) =>
  new Registry(parseReference(`127.0.0.1:${server.port}/models/flights`), {
    dockerConfig: directory,
    ...options,
  });

async function pull(registry: Registry, reference = "1"): Promise<Buffer> {
  const { document } = await registry.manifest(reference);
  const [layer] = (document as { manifest: Manifest }).manifest.layers;
  await registry.saveBlob(layer as Manifest["layers"][number], join(directory, "blob"));
  return readFile(join(directory, "blob"));
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error: OciError) => error,
  );

describe("pulling", () => {
  it("gives manifest and blob as they were pushed, by tag and by digest", async () => {
    const server = await start(plain);
    expect(await pull(open(server))).toEqual(model);
    expect(await pull(open(server), content.digest)).toEqual(model);
    expect((await open(server).manifest("1")).digest).toBe(content.digest);
  });

  it("answers a bearer challenge with a token for the scope, and keeps it", async () => {
    const server: TestServer = await start((request, response) => {
      const { authorization } = request.headers;
      if (request.url?.startsWith("/token")) {
        const ok = authorization === `Basic ${Buffer.from("robot:pa:ss").toString("base64")}`;
        response.writeHead(ok ? 200 : 401).end(JSON.stringify({ token: "t0k", expires_in: 300 }));
      } else if (authorization === "Bearer t0k") plain(request, response);
      else {
        const realm = `http://127.0.0.1:${server.port}/token`;
        response.setHeader(
          "www-authenticate",
          `Bearer realm="${realm}",service="reg",scope="repository:models/flights:pull"`,
        );
        response.writeHead(401).end();
      }
    });
    const registry = open(server, { credentials: { username: "robot", password: "pa:ss" } });
    expect(await pull(registry)).toEqual(model);
    const tokens = server.seen.filter(({ line }) => line.startsWith("GET /token"));
    expect(tokens.map(({ line }) => line)).toEqual([
      "GET /token?service=reg&scope=repository%3Amodels%2Fflights%3Apull",
    ]);
    expect(await failure(pull(open(server)))).toMatchObject({ code: "unauthorized" });
  });

  it("answers a basic challenge, and says what to do when the password is wrong", async () => {
    const expected = `Basic ${Buffer.from("u:p").toString("base64")}`;
    const server = await start((request, response) => {
      if (request.headers.authorization === expected) plain(request, response);
      else response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end("who are you?");
    });
    expect(await pull(open(server, { credentials: { username: "u", password: "p" } }))).toEqual(model);
    const wrong = await failure(pull(open(server, { credentials: { username: "u", password: "wrong" } })));
    expect(wrong).toMatchObject({ code: "unauthorized", message: expect.stringContaining("who are you?") });
    expect((wrong as OciError).message).not.toContain("wrong");
  });

  it("follows a redirect to other storage without taking the credentials along", async () => {
    const storage = await start((_request, response) => response.end(model));
    const server = await start((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { "www-authenticate": "Basic" }).end();
      } else if (request.url?.includes("/blobs/")) {
        response.writeHead(307, { location: `http://127.0.0.1:${storage.port}/signed?x=1` }).end();
      } else plain(request, response);
    });
    expect(await pull(open(server, { credentials: { username: "u", password: "p" } }))).toEqual(model);
    expect(storage.seen).toEqual([{ line: "GET /signed?x=1", authorization: undefined }]);
  });

  it.each<[string, string]>([
    ["plain HTTP elsewhere", "http://registry.example/x"],
    ["a file", "file:///etc/passwd"],
    ["itself, again and again", "/v2/models/flights/manifests/1"],
  ])("does not follow a redirect to %s", async (_name, location) => {
    const server = await start((_request, response) => response.writeHead(302, { location }).end());
    expect(await failure(open(server).manifest("1"))).toMatchObject({ code: "redirect" });
    expect(server.seen.length).toBeLessThan(8);
  });

  it("tries again after 429 and server errors, no more than three times", async () => {
    let left = 3;
    const statuses = [503, 429, 500];
    const server = await start((request, response) => {
      if (left-- > 0) response.writeHead(statuses[left] as number).end();
      else plain(request, response);
    });
    expect((await open(server).manifest("1")).digest).toBe(content.digest);
    const down = await start((_request, response) => response.writeHead(502).end("bad gateway"));
    expect(await failure(open(down).manifest("1"))).toMatchObject({ code: "status" });
    expect(down.seen).toHaveLength(4);
  });

  it("fetches a blob again when its connection breaks in the middle", async () => {
    let broken = 0;
    const server = await start((request, response) => {
      if (!request.url?.includes("/blobs/") || broken === 2) return plain(request, response);
      broken++;
      response.writeHead(200, { "content-length": model.byteLength });
      response.write(model.subarray(0, 1000), () => response.destroy());
    });
    expect(await pull(open(server))).toEqual(model);
    expect(broken).toBe(2);
  });

  it("names a registry that is not there", async () => {
    const server = await serve(plain);
    await server.close();
    const error = await failure(open(server).manifest("1"));
    expect(error).toMatchObject({ code: "network", message: expect.stringContaining("ECONNREFUSED") });
  });

  it("names what is not found with what the registry says", async () => {
    const server = await start(plain);
    const error = await failure(open(server).manifest("2"));
    expect(error).toMatchObject({ code: "not-found", message: expect.stringContaining("NAME_UNKNOWN") });
  });
});

describe("a registry that lies", () => {
  const swapped =
    (match: string, body: string): Handler =>
    (request, response) => {
      if (!request.url?.includes(match)) return plain(request, response);
      response.setHeader("content-type", "application/vnd.oci.image.manifest.v1+json");
      response.setHeader("docker-content-digest", content.digest);
      response.end(body);
    };

  it("about a manifest is found out, by the digest asked for or its own header", async () => {
    const other = artifact({ "evil.onnx": Buffer.from("evil") }).manifests.get("1")?.text as string;
    const server = await start(swapped("/manifests/", other));
    for (const reference of [content.digest, "1"]) {
      expect(await failure(open(server).manifest(reference))).toMatchObject({ code: "digest" });
    }
  });

  it.each([
    ["another blob of the same size", "W".repeat(model.byteLength), "digest"],
    ["a shorter one", "short", "digest"],
    ["a longer one", `${model}more`, "too-large"],
  ])("with %s is found out, and nothing is left behind", async (_name, body, code) => {
    const server = await start(swapped("/blobs/", body));
    expect(await failure(pull(open(server)))).toMatchObject({ code });
    expect(await readdir(directory)).toEqual([]);
  });

  it("with a manifest without end is stopped", async () => {
    const server = await start((_request, response) => {
      response.setHeader("content-type", "application/vnd.oci.image.manifest.v1+json");
      const chunk = Buffer.alloc(1_000_000, " ");
      const more = () => {
        if (!response.destroyed) response.write(chunk, () => more());
      };
      more();
    });
    expect(await failure(open(server).manifest("1"))).toMatchObject({ code: "too-large" });
  });
});
