/** The built action build against a real registry with a password: pushes, runs again, conflicts, papers, modelcars, and
 * Dockerfiles by a stand-in for `docker buildx`. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { readProvenance } from "@ml-actions/evidence";
import { cyclonedxSchema } from "@ml-actions/evidence/testing/cyclonedx-schema";
import { readContents } from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import type { Store } from "@ml-actions/oci/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushTinyBase } from "../actions/build-base.ts";
import { flights, newJob } from "../actions/suite.ts";
import { type BuildxStandIn, buildxStandIn } from "../components/buildx-stand-in.ts";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { goTool } from "../components/go-tool.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";

/** bcrypt 5.0.0: bcrypt.hashpw(b"open sesame", bcrypt.gensalt(5)) */
const bcryptOfPassword = "$2b$05$4XS8XIVWsMBrS/81Oc11qO07xA075b6/7FBKaSAjUDm.EEaidnS2S";
const password = "open sesame";
const tag = "1.4.3-ffac537e6cbb";
const run = promisify(execFile);

let directory: string;
let registry: RunningRegistry;
let docker: BuildxStandIn;
let job: Job;
let flightsStore: Store;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-build-"));
  await writeFile(join(directory, "htpasswd"), `robot:${bcryptOfPassword}\n`);
  [registry, docker, job] = await Promise.all([
    startRegistry({ htpasswd: { realm: "tests", path: join(directory, "htpasswd") } }),
    buildxStandIn(),
    newJob(),
  ]);
  await pushTinyBase(await store("base"), "nonroot");
  await pushTinyBase(await store("base"), "amd64", ["amd64"]);
  flightsStore = await store("ml/flights");
});

afterAll(async () => {
  await job?.end();
  await registry?.stop();
  for (const folder of [directory, docker?.path]) await rm(folder, { recursive: true, force: true });
});

async function store(repository: string): Promise<Store> {
  const credentials = { username: "robot", password };
  return (await openStore(`${registry.host}/${repository}`, { credentials })).store;
}

const build = (inputs: Record<string, string> = {}, env: Record<string, string> = {}): Promise<PhaseResult> =>
  job.run({
    action: "build",
    inputs: {
      model: flights("flights-2.onnx"),
      name: "flights",
      version: "1.4",
      base: `${registry.host}/base:nonroot`,
      registry: `${registry.host}/ml`,
      username: "robot",
      password,
      ...inputs,
    },
    env,
  });
const json = async (path = "") => JSON.parse(await readFile(path, "utf8"));

describe("a registry with a password", () => {
  it("gets an image of both platforms with its papers; crane finds it sound", async () => {
    const done = await build({ modelcar: "scratch" });
    expect(done.exitCode, done.raw).toBe(0);
    const { image = "", digest = "", modelcar = "" } = done.outputs;
    expect(done.outputs.tag).toBe(`${registry.host}/ml/flights:${tag}`);
    expect(image).toBe(`${registry.host}/ml/flights@${digest}`);
    expect((await flightsStore.resolve(tag))?.digest).toBe(digest);
    const contents = await readContents(flightsStore, digest);
    expect(contents.platforms.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
    // The runner hides what is masked, so the mask must be all that the password is in.
    expect(done.raw.replace(`::add-mask::${password}`, "")).not.toContain(password);
    expect(done.summary).toMatch(/is built and pushed/);
    expect(done.summary).toMatch(/\| base \| linux\/amd64 \| .* \| mounted \|/);

    const { subject, predicate } = readProvenance(await readFile(done.outputs.provenance ?? "", "utf8"), "p");
    expect(subject[0]?.name).toBe(`${registry.host}/ml/flights`);
    expect(JSON.stringify(predicate)).not.toMatch(/robot|sesame/);
    const base = predicate.buildDefinition.resolvedDependencies.find(({ name }) => name === "base");
    expect(base?.uri).toBe(`docker://${done.outputs.base}`);
    const bill = await json(done.outputs.cyclonedx);
    const validate = cyclonedxSchema();
    validate(bill);
    expect(validate.errors).toBeNull();
    expect(bill.metadata.component.purl).toBe(
      `pkg:oci/flights@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent(`${registry.host}/ml/flights`)}`,
    );

    const cars = await store("ml/flights-modelcar");
    expect(modelcar).toBe(`${registry.host}/ml/flights-modelcar@${(await cars.resolve(tag))?.digest}`);
    expect((await readContents(cars, modelcar.split("@")[1] ?? "")).modelDigest).toBe(contents.modelDigest);
    expect(predicate.runDetails.byproducts[0]?.name).toBe("modelcar");

    const config = JSON.stringify({
      auths: { [registry.host]: { auth: Buffer.from(`robot:${password}`).toString("base64") } },
    });
    await writeFile(join(directory, "config.json"), config);
    const env = { ...process.env, DOCKER_CONFIG: directory };
    for (const reference of [image, modelcar]) {
      await run(await goTool("crane"), ["validate", "--remote", reference], { env });
    }
  });

  it("takes a second run for the same, sends nothing again, and leaves another image's tag alone", async () => {
    const first = await build();
    const again = await build({}, { GITHUB_RUN_ATTEMPT: "2" });
    expect(again.outputs.digest).toBe(first.outputs.digest);
    expect(again.summary).toMatch(/all [\d.]+ MB were there/);
    const other = await build({ model: flights("flights-1.onnx") });
    expect(other.exitCode).toBe(1);
    expect(errorsOf(other)).toHaveLength(1);
    expect(errorsOf(other)[0]).toMatch(new RegExp(`flights:${tag} is .*${first.outputs.digest}`));
    expect(other.outputs.image).toBeUndefined();
    expect((await flightsStore.resolve(tag))?.digest).toBe(first.outputs.digest);
  });

  it("gets no tag and no manifest of a model that fails its probe, and one error says so", async () => {
    const model = join(directory, "broken.onnx");
    await writeFile(model, "not a model");
    const done = await build({ model, contract: flights("flights-2.contract.json"), name: "broken-model" });
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done)).toHaveLength(1);
    expect(errorsOf(done)[0]).toMatch(/cannot load/);
    expect(await (await store("ml/broken-model")).resolve(tag)).toBeNull();
    expect(done.outputs.image).toBeUndefined();
  });

  it("says so when the password is wrong, and shows it nowhere", async () => {
    const done = await build({ password: "open barley", base: `oci:${await layoutBase()}:nonroot` });
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done)).toHaveLength(1);
    expect(errorsOf(done)[0]).toMatch(/401|credentials|password|log in/i);
    expect(done.log).not.toContain("barley");
  });

  it("refuses a base that lacks a platform, and one that is not there", async () => {
    const lacking = await build({ base: `${registry.host}/base:amd64` });
    expect(errorsOf(lacking)[0]).toMatch(/has no image for linux\/arm64; it has linux\/amd64/);
    const missing = await build({ base: `${registry.host}/base:nowhere` });
    expect(errorsOf(missing)[0]).toMatch(/base.*nowhere/);
    expect(errorsOf(missing)).toHaveLength(1);
  });
});

describe("a Dockerfile", () => {
  const withDocker = () => ({ PATH: `${docker.path}:${dirname(process.execPath)}:/usr/bin:/bin` });
  const dockerfile = async (text: string) => {
    const path = join(await mkdtemp(join(directory, "context-")), "Dockerfile");
    await writeFile(path, text);
    return path;
  };
  const own = 'FROM node:24\nLABEL team=ml\nENV THREADS=2\nENTRYPOINT ["/srv/own-server"]\n';
  const usual = { base: "", name: "own", platforms: "linux/amd64, linux/arm64" };

  it("becomes an image with its own server, our model, labels, tag and papers", async () => {
    const done = await build({ ...usual, dockerfile: await dockerfile(own) }, withDocker());
    expect(done.exitCode, done.raw).toBe(0);
    const owned = await store("ml/own");
    const { digest = "" } = done.outputs;
    expect((await owned.resolve(tag))?.digest).toBe(digest);
    const contents = await readContents(owned, digest);
    expect(contents.modelDigest).toBe(done.outputs["model-digest"]);
    expect(contents.labels).toMatchObject({
      team: "ml",
      "org.opencontainers.image.revision": "ffac537e6cbbf934b08745a378932722df287a53",
      "io.github.ml-actions.model.digest": contents.modelDigest,
    });
    expect(contents.labels).not.toHaveProperty("org.opencontainers.image.base.name");
    const { config } = await configOf(owned, contents.platforms[0]?.digest ?? "");
    expect(config).toMatchObject({
      Entrypoint: ["/srv/own-server"],
      User: "1000",
      ExposedPorts: { "9000/tcp": {} },
    });
    expect(config.Env).toEqual(
      expect.arrayContaining([
        "THREADS=2",
        "MODEL_URI=/model/own.onnx",
        `MODEL_DIGEST=${contents.modelDigest}`,
      ]),
    );
    const { predicate } = readProvenance(await readFile(done.outputs.provenance ?? "", "utf8"), "p");
    expect(predicate.buildDefinition.buildType).toBe("https://ml-actions.github.io/build/dockerfile/v1");
    expect(predicate.buildDefinition.resolvedDependencies.map(({ name }) => name)).toEqual([
      "source",
      "model",
      "contract",
      "dockerfile",
      "material",
    ]);
    const bill = await json(done.outputs.cyclonedx);
    expect(bill.compositions).toContainEqual({ aggregate: "incomplete", assemblies: ["image"] });
  });

  it("is built by docker without a shell, without tokens and inputs in its environment", async () => {
    const file = await dockerfile(own);
    await build({ ...usual, dockerfile: file, push: "false" }, { ...withDocker(), GITHUB_TOKEN: "t0ken" });
    const { words, variables } = await json(docker.seen);
    expect(words).toContain(`--file=${file}`);
    expect(words).toContain("--platform=linux/amd64,linux/arm64");
    expect(words.at(-1)).toBe(job.workspace);
    expect(variables.filter((name: string) => /INPUT|TOKEN|ACTIONS|GITHUB/.test(name))).toEqual([]);
  });

  it("is built without sending for a pull request: the same digest, in a layout of the job", async () => {
    const file = await dockerfile(own);
    const pushed = await build({ ...usual, dockerfile: file }, withDocker());
    const kept = await build({ ...usual, dockerfile: file, push: "false", version: "2.0" }, withDocker());
    expect(kept.outputs.image).toMatch(/^oci:\/.*\/image@sha256:/);
    expect(kept.summary).toMatch(/nothing was sent/);
    const { store: layout } = await openStore((kept.outputs.image ?? "").split("@")[0] ?? "");
    expect((await readContents(layout, kept.outputs.digest ?? "")).modelDigest).toBe(
      kept.outputs["model-digest"],
    );
    expect(await (await store("ml/own")).resolve("2.0.3-ffac537e6cbb")).toBeNull();
    const same = await build({ ...usual, dockerfile: file, push: "false" }, withDocker());
    expect(same.outputs.digest).toBe(pushed.outputs.digest);
  });

  it("keeps one platform in an index, too", async () => {
    const inputs = { ...usual, name: "one", platforms: "linux/amd64", dockerfile: await dockerfile(own) };
    const done = await build(inputs, withDocker());
    const { document } = await (await store("ml/one")).manifest(tag);
    expect(document.kind).toBe("index");
    expect(done.exitCode).toBe(0);
  });

  it("that fails is shown with docker's last words, and nothing is sent", async () => {
    const inputs = { ...usual, name: "broken", dockerfile: await dockerfile("FROM node:24\nRUN exit 3\n") };
    const done = await build(inputs, withDocker());
    expect(errorsOf(done)).toHaveLength(1);
    expect(errorsOf(done)[0]).toMatch(
      /docker buildx build ended with exit code 1:[\s\S]*did not complete.*exit code: 3/,
    );
    expect(await (await store("ml/broken")).resolve(tag)).toBeNull();
  });

  it("asks for Docker where there is none", async () => {
    const inputs = { ...usual, dockerfile: await dockerfile(own) };
    const done = await build(inputs, { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` });
    expect(errorsOf(done)).toHaveLength(1);
    expect(errorsOf(done)[0]).toMatch(/there is no program `docker` on the PATH/);
  });
});

async function layoutBase(): Promise<string> {
  const folder = await mkdtemp(join(directory, "base-"));
  await pushTinyBase((await openStore(`oci:${folder}`)).store, "nonroot");
  return folder;
}

async function configOf(from: Store, digest: string) {
  const { document } = await from.manifest(digest);
  if (document.kind !== "manifest") throw new Error(`${digest} is no manifest`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.blob(document.manifest.config)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
