/** The image of the flights, run by containerd as a cluster's node runs it. Needs root. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  buildImage,
  buildModelcar,
  type ImageFacts,
  measureModel,
  platforms,
  resolveBase,
} from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import { releaseTree } from "@ml-actions/release";
import { launch, stopServers } from "@ml-actions/serving/testing/server-process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { debianBase } from "../components/base-image.ts";
import { mountsBelow, ownerFile, processesOf, sweepAbandoned } from "../components/containerd/leftovers.ts";
import { type Container, type Containerd, startContainerd } from "../components/containerd.ts";
import { type RunningRegistry, sha256, startRegistry } from "../components/docker-registry.ts";
import { freePort } from "../runner/free-port.ts";

const root = join(import.meta.dirname, "../..");
const fixture = join(root, "test/fixtures/flights/flights-2");
const facts: ImageFacts = {
  name: "flights",
  version: "2.0",
  source: "https://example.com/flights",
  revision: "0123456789abcdef",
};

let registry: RunningRegistry;
let containerd: Containerd;
/** By digest. */
let image: string;
let model: Buffer;
/** What the contract sends to know that the model works. */
let probe: unknown;

beforeAll(async () => {
  [registry, containerd] = await Promise.all([startRegistry(), startContainerd()]);
  model = await readFile(`${fixture}.onnx`);
  probe = JSON.parse(await readFile(`${fixture}.contract.json`, "utf8")).probe;
  const base = await debianBase((await openStore(`${registry.host}/distroless`)).store);
  const { store } = await openStore(`${registry.host}/flights`);
  const { digest } = await buildImage({
    base: await resolveBase(base.reference, platforms),
    platforms,
    server: join(await releaseTree(), "image"),
    runtime: async () => join(root, "node_modules/onnxruntime-node"),
    model: await measureModel(`${fixture}.onnx`, facts.name),
    contract: await readFile(`${fixture}.contract.json`),
    facts,
    store,
    tag: "2.0",
  });
  image = `${registry.host}/flights@${digest}`;
  await containerd.pull(image);
});

afterAll(async () => {
  await stopServers();
  await containerd?.stop();
  await registry?.stop();
});

interface Served {
  container: Container;
  url: string;
}

/** A container of the image, when it is ready. */
async function serve(): Promise<Served> {
  const port = await freePort();
  const container = await containerd.run(image, { environment: { PORT: String(port), HOST: "127.0.0.1" } });
  const url = `http://127.0.0.1:${port}`;
  const deadlineMs = performance.now() + 30_000;
  let ended: number | null = null;
  void container.ended.then((code) => {
    ended = code;
  });
  while (
    !(await fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (ended !== null || performance.now() > deadlineMs)
      throw new Error(
        `not ready (${ended === null ? "still running" : `ended with ${ended}`}): ${container.output()}`,
      );
    await sleep(50);
  }
  return { container, url };
}

async function predictionsAt(url: string): Promise<unknown> {
  const response = await fetch(`${url}/predict`, {
    method: "POST",
    body: JSON.stringify({ instances: [probe] }),
  });
  expect(response.status).toBe(200);
  const { model: answering, predictions } = (await response.json()) as Record<string, unknown>;
  expect(answering).toMatchObject({ name: "flights", digest: sha256(model) });
  return predictions;
}

describe("the image in a container", () => {
  it("predicts what the same model predicts outside of it", async () => {
    const { container, url } = await serve();
    const outside = await launch({ MODEL_URI: `${fixture}.onnx` });
    while (!(await fetch(`${outside.url}/ready`)).ok) await sleep(50);
    const predictions = await predictionsAt(url);
    expect(predictions).toEqual(await predictionsAt(outside.url));
    expect(predictions).toHaveLength(1);
    await container.stop("SIGKILL");
  });

  it("is nobody in particular, may nothing, and can write nowhere", async () => {
    const { container } = await serve();
    const status = await readFile(`/proc/${container.pid}/status`, "utf8");
    const fieldsOf = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1]?.split("\t");
    expect(fieldsOf("Uid")).toEqual(Array(4).fill("65532"));
    expect(fieldsOf("Gid")).toEqual(Array(4).fill("65532"));
    expect(fieldsOf("CapBnd")).toEqual(["0000000000000000"]);
    expect(fieldsOf("NoNewPrivs")).toEqual(["1"]);
    const script = `
      for (const folder of ["/", "/app/server", "/model", "/tmp", "/home/nonroot"]) {
        try { require("fs").writeFileSync(folder + "/x", ""); console.log(folder, "written"); }
        catch ({ code }) { console.log(folder, code); }
      }`;
    const { output } = await container.exec("/nodejs/bin/node", "-e", script);
    expect(output.trim().split("\n")).toEqual(
      ["/", "/app/server", "/model", "/tmp", "/home/nonroot"].map((folder) => `${folder} EROFS`),
    );
    await container.stop("SIGKILL");
  });

  it("answers what it has taken, and ends with 0, on SIGTERM", async () => {
    const { container, url } = await serve();
    const before = performance.now();
    const [code] = await Promise.all([container.stop("SIGTERM"), predictionsAt(url)]);
    expect(code).toBe(0);
    // DRAIN_TIMEOUT_MS: Kubernetes kills after 30 s.
    expect(performance.now() - before).toBeLessThan(25_000);
    await expect(fetch(`${url}/ready`)).rejects.toThrow();
  });
});

describe("the model alone, as an image volume", () => {
  it("has the model's bytes where KServe looks", async () => {
    const { store } = await openStore(`${registry.host}/flights-modelcar`);
    const { digest } = await buildModelcar({
      base: null,
      platforms,
      model: { path: `${fixture}.onnx`, digest: sha256(model) },
      contract: await readFile(`${fixture}.contract.json`),
      facts,
      store,
    });
    const modelcar = `${registry.host}/flights-modelcar@${digest}`;
    await containerd.pull(modelcar);
    const folder = await containerd.mount(modelcar);
    expect(await readFile(join(folder, "models/flights.onnx"))).toEqual(model);
    await expect(writeFile(join(folder, "x"), "")).rejects.toMatchObject({ code: "EROFS" });
  });
});

// The last, as it takes the containerd of the others away.
describe("a containerd whose test was killed", () => {
  it("is gone with its containers and mounts before the next one starts", async () => {
    await serve();
    const { directory } = containerd;
    expect(await processesOf(directory)).not.toEqual([]);
    expect(await mountsBelow(directory)).not.toEqual([]);
    const dead = spawn("true");
    await once(dead, "exit");
    await writeFile(join(directory, ownerFile), String(dead.pid));
    await sweepAbandoned();
    expect(await processesOf(directory)).toEqual([]);
    expect(await mountsBelow(directory)).toEqual([]);
    await expect(readFile(join(directory, ownerFile))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
