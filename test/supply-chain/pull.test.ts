/** Models pulled from a real registry, up to the server that answers with them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseReference, Registry } from "@ml-actions/oci";
import { contractBeside, resolveModel } from "@ml-actions/serving";
import { launch, stopServers } from "@ml-actions/serving/testing/server-process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushArtifact, type RunningRegistry, sha256, startRegistry } from "../components/docker-registry.ts";
import { startTokenServer, type TokenServer } from "./token-server.ts";

const fixture = join(import.meta.dirname, "..", "fixtures", "flights", "flights-2.onnx");
/** bcrypt 5.0.0: bcrypt.hashpw(b"open sesame", bcrypt.gensalt(5)) */
const bcryptOfPassword = "$2b$05$4XS8XIVWsMBrS/81Oc11qO07xA075b6/7FBKaSAjUDm.EEaidnS2S";
const password = "open sesame";

let model: Buffer;
let files: Record<string, Buffer>;
let directory: string;
let open: RunningRegistry;
let basic: RunningRegistry;
let guarded: RunningRegistry;
let tokens: TokenServer;
/** Of the artifact, the same in every registry. */
let digest: string;

const basicHeader = `Basic ${Buffer.from(`robot:${password}`).toString("base64")}`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-pull-"));
  model = await readFile(fixture);
  files = { "flights-2.onnx": model, "flights-2.contract.json": await readFile(contractBeside(fixture)) };
  await writeFile(join(directory, "htpasswd"), `robot:${bcryptOfPassword}\n`);
  tokens = await startTokenServer(password);
  [open, basic, guarded] = await Promise.all([
    startRegistry(),
    startRegistry({ htpasswd: { realm: "tests", path: join(directory, "htpasswd") } }),
    startRegistry(tokens.auth),
  ]);
  digest = await pushArtifact(open.host, "models/flights", files, { tag: "2" });
  await pushArtifact(basic.host, "models/flights", files, { tag: "2", authorization: basicHeader });
  const authorization = `Bearer ${tokens.token("models/flights", ["pull", "push"])}`;
  await pushArtifact(guarded.host, "models/flights", files, { tag: "2", authorization });
});

afterAll(async () => {
  await stopServers();
  await Promise.all([open, basic, guarded, tokens].map((running) => running?.stop()));
  await rm(directory, { recursive: true, force: true });
});

/** A folder for DOCKER_CONFIG as `docker login` leaves it. */
async function loggedIn(host: string, secret: string): Promise<string> {
  const folder = await mkdtemp(join(directory, "docker-"));
  const auth = Buffer.from(`robot:${secret}`).toString("base64");
  await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  return folder;
}

const registryAt = (host: string, dockerConfig: string) =>
  new Registry(parseReference(`${host}/models/flights`), { dockerConfig });

describe("a real registry", () => {
  it("gives the model by tag and by digest, verified", async () => {
    for (const reference of [`${open.host}/models/flights:2`, `${open.host}/models/flights@${digest}`]) {
      const target = await mkdtemp(join(directory, "pulled-"));
      const found = await resolveModel(`oci://${reference}`, { directory: target, digest: sha256(model) });
      expect(await readFile(found.path)).toEqual(model);
      expect(await readFile(found.contract)).toEqual(files["flights-2.contract.json"]);
    }
  });

  it("asks for a password, and gets the one that docker login stored", async () => {
    const stored = registryAt(basic.host, await loggedIn(basic.host, password));
    expect((await stored.manifest("2")).digest).toBe(digest);
    for (const config of [directory, await loggedIn(basic.host, "wrong")]) {
      await expect(registryAt(basic.host, config).manifest("2")).rejects.toMatchObject({
        code: "unauthorized",
      });
    }
  });

  it("sends one to a token server, and takes its token for manifest and blobs", async () => {
    const registry = registryAt(guarded.host, await loggedIn(guarded.host, password));
    const { document } = await registry.manifest(digest);
    if (document.kind !== "manifest") throw new Error("not a manifest");
    const [layer] = document.manifest.layers;
    await registry.saveBlob(layer as NonNullable<typeof layer>, join(directory, "blob"));
    expect(await readFile(join(directory, "blob"))).toEqual(model);
    expect(tokens.asked).toEqual(["repository:models/flights:pull"]);
    const wrong = registryAt(guarded.host, await loggedIn(guarded.host, "wrong"));
    await expect(wrong.manifest("2")).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("names what it does not have", async () => {
    const registry = registryAt(open.host, directory);
    await expect(registry.manifest("3")).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("manifest unknown"),
    });
    await expect(registry.manifest(`sha256:${"0".repeat(64)}`)).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("the server", () => {
  it("serves a model from a registry that wants a token", async () => {
    const server = await launch({
      MODEL_URI: `oci://${guarded.host}/models/flights@${digest}`,
      MODEL_DIGEST: sha256(model),
      MODEL_DIRECTORY: join(directory, "served"),
      DOCKER_CONFIG: await loggedIn(guarded.host, password),
    });
    while (!(await fetch(`${server.url}/ready`)).ok) await sleep(50);
    const { probe } = JSON.parse(String(files["flights-2.contract.json"]));
    const response = await server.predict({ instances: [probe] });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ model: { name: "flights", digest: sha256(model) } });
  });

  it("says why it cannot, and ends", async () => {
    const uri = `oci://${guarded.host}/models/flights@${digest}`;
    await expect(
      launch({ MODEL_URI: uri, DOCKER_CONFIG: directory }).then((server) => server.ended),
    ).resolves.toBe(1);
  });
});
