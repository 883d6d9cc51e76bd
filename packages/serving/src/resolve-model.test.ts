import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  artifact,
  contentHandler,
  type Handler,
  serve,
  type TestServer,
} from "@ml-actions/oci/testing/fake-registry";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractBeside } from "./load-contract.ts";
import { type ResolveOptions, resolveModel } from "./resolve-model.ts";
import { modelPath } from "./testing/models.ts";

let directory: string;
let model: Buffer;
let contract: Buffer;
let digest: string;
const servers: TestServer[] = [];
beforeAll(async () => {
  model = await readFile(modelPath("moody"));
  contract = await readFile(contractBeside(modelPath("moody")));
  digest = `sha256:${createHash("sha256").update(model).digest("hex")}`;
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-resolve-"));
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

const resolve = (uri: string, options: Partial<ResolveOptions> = {}) =>
  resolveModel(uri, { directory, ...options });
const refused = (uri: string, options: Partial<ResolveOptions> = {}) =>
  resolve(uri, options).then(
    () => "resolved",
    (error: unknown) => error,
  );

/** Serves model and contract at /models/, whatever the query. */
const files: Handler = (request, response) => {
  const path = request.url?.split("?")[0];
  if (path === "/models/moody.onnx") response.end(model);
  else if (path === "/models/moody.contract.json") response.end(contract);
  else response.writeHead(404).end("no such file");
};

describe("a model on this machine", () => {
  it("is used where it lies, by path or file URL", async () => {
    for (const uri of [modelPath("moody"), pathToFileURL(modelPath("moody")).href]) {
      const expected = { path: modelPath("moody"), digest, contract: contractBeside(modelPath("moody")) };
      expect(await resolve(uri, { digest })).toEqual(expected);
    }
    expect(await readdir(directory)).toEqual([]);
  });

  it("may have its contract elsewhere", async () => {
    const elsewhere = join(directory, "c.json");
    await writeFile(elsewhere, contract);
    expect(await resolve(modelPath("moody"), { contract: elsewhere })).toMatchObject({ contract: elsewhere });
  });

  it.each<[string, string, object]>([
    ["/nowhere/x.onnx", "model-uri", {}],
    [tmpdir(), "model-uri", {}],
    ["file://host/x.onnx", "model-uri", {}],
    ["ftp://host/x.onnx", "model-uri", {}],
    [modelPath("moody"), "model-digest", { digest: `sha256:${"0".repeat(64)}` }],
  ])("%s is refused with %s", async (uri, code, options) => {
    expect(await refused(uri, options)).toMatchObject({ code, remedy: expect.any(String) });
  });
});

describe("a model over HTTP", () => {
  it("comes with the contract beside it, and is not fetched twice when its digest is known", async () => {
    const server = await start(files);
    const uri = `http://127.0.0.1:${server.port}/models/moody.onnx?signature=secret`;
    const found = await resolve(uri, { digest });
    expect(found).toEqual({
      path: join(directory, "moody.onnx"),
      digest,
      contract: join(directory, "moody.contract.json"),
    });
    expect(await readFile(found.path)).toEqual(model);
    expect(await readFile(found.contract)).toEqual(contract);
    await resolve(uri, { digest });
    expect(server.seen.filter(({ line }) => line.includes("moody.onnx"))).toHaveLength(1);
  });

  it("leaves nothing behind when it is another, too large, or not there", async () => {
    const server = await start(files);
    const uri = `http://127.0.0.1:${server.port}/models/moody.onnx?signature=secret`;
    const plain = { contract: contractBeside(modelPath("moody")) };
    const wrong = await refused(uri, { ...plain, digest: `sha256:${"0".repeat(64)}` });
    expect(wrong).toMatchObject({ code: "model-digest" });
    expect(String(wrong)).not.toContain("secret");
    expect(await refused(uri, { ...plain, maxBytes: 100 })).toMatchObject({ code: "model-too-large" });
    const absent = await refused(uri.replace("moody", "absent"), plain);
    expect(absent).toMatchObject({ code: "model-fetch", message: expect.stringContaining("answered 404") });
    expect(await readdir(directory)).toEqual([]);
  });

  it("says that it is the contract that is missing", async () => {
    const server = await start((request, response) =>
      request.url?.endsWith(".json") ? response.writeHead(404).end() : response.end(model),
    );
    const error = await refused(`http://127.0.0.1:${server.port}/moody.onnx`);
    expect(error).toMatchObject({
      code: "model-fetch",
      message: expect.stringContaining("the contract beside"),
    });
  });

  it("stays in its directory, whatever the URL is called", async () => {
    const server = await start((_request, response) => response.end(model));
    for (const name of [
      "..%2f..%2fevil.onnx",
      "%2e%2e%2fevil.onnx",
      ".hidden.onnx",
      "a%0Ab.onnx",
      "%E0%A4%A",
      "",
    ]) {
      const { path } = await resolve(`http://127.0.0.1:${server.port}/x/${name}`, {
        contract: modelPath("moody"),
      });
      expect(path.startsWith(`${directory}/`)).toBe(true);
      expect(path.slice(directory.length + 1)).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);
    }
  });

  it("is taken over plain HTTP from this machine alone, and never with a password in its address", async () => {
    expect(await refused("http://models.example/x.onnx")).toMatchObject({ code: "model-uri" });
    const error = await refused("https://user:secret@models.example/x.onnx");
    expect(error).toMatchObject({ code: "model-uri" });
    expect(String(error)).not.toContain("secret");
  });
});

describe("a model in a registry", () => {
  it("comes with its contract from the artifact's titled layers", async () => {
    const content = artifact({ "moody.onnx": model, "moody.contract.json": contract });
    const server = await start(contentHandler(content));
    for (const uri of [
      `oci://127.0.0.1:${server.port}/models/flights@${content.digest}`,
      `oci:127.0.0.1:${server.port}/models/flights:1`,
    ]) {
      const found = await resolve(uri, { digest });
      expect(found).toMatchObject({ path: join(directory, "moody.onnx"), digest });
      expect(await readFile(found.contract)).toEqual(contract);
    }
  });

  it("is named when there is none in it, or more than one", async () => {
    for (const files of [
      { "notes.txt": model, "more.txt": contract },
      { "a.onnx": model, "b.onnx": contract },
    ]) {
      const server = await start(contentHandler(artifact(files as Record<string, Uint8Array>)));
      const error = await refused(`oci://127.0.0.1:${server.port}/models/flights:1`);
      expect(error).toMatchObject({ code: "model-fetch", message: expect.stringMatching(/titled \*\.onnx/) });
    }
  });

  it("stays in its directory, whatever its layer is titled", async () => {
    const content = artifact({ "../../../evil.onnx": model });
    const server = await start(contentHandler(content));
    const { path } = await resolve(`oci://127.0.0.1:${server.port}/models/flights:1`);
    expect(path).toBe(join(directory, "evil.onnx"));
  });

  it("is refused by name for a reference that is none", async () => {
    expect(await refused("oci://flights")).toMatchObject({
      code: "model-uri",
      message: expect.stringMatching(/registry/),
    });
  });
});
