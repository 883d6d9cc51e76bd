/** Ten processes attach to one image at the same time: all of it is there at the end, for us and for real tools. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Descriptor, Store } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";
import { attachArtifact, image, manifestType } from "@ml-actions/oci/testing/store-contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCraneRegistry } from "../components/crane-registry.ts";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { goTool } from "../components/go-tool.ts";

const run = promisify(execFile);
const program = join(import.meta.dirname, "attach-one.ts");
const writers = 10;
const texts = Array.from({ length: writers }, (_, at) => `evidence ${at}`);

let plain: RunningRegistry;
let withApi: RunningRegistry;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-referrers-"));
  [plain, withApi] = await Promise.all([startRegistry(), startCraneRegistry()]);
});
afterAll(async () => {
  await Promise.all([plain?.stop(), withApi?.stop()]);
  await rm(directory, { recursive: true, force: true });
});

/** An image to attach to, and the reference of it. */
async function subjectIn(place: string): Promise<{ store: Store; subject: Descriptor; reference: string }> {
  const { store } = await openStore(place);
  const subject = await store.pushManifest(await image(store, "layer"), manifestType, "1.0");
  return { store, subject, reference: `${place}@${subject.digest}` };
}

const attachInProcess = (reference: string, text: string) =>
  run(process.execPath, ["--no-maglev", program, reference, text]);

const textsOf = async (store: Store, digest: string) =>
  (await store.referrers(digest)).map(({ annotations }) => annotations.text).sort();

/** The fallback index as any other client reads it. */
async function fallback(host: string, repository: string, digest: string): Promise<string[]> {
  const headers = { accept: "application/vnd.oci.image.index.v1+json" };
  const url = `http://${host}/v2/${repository}/manifests/${digest.replace(":", "-")}`;
  const index = (await (await fetch(url, { headers })).json()) as {
    manifests: { artifactType: string; annotations: { text: string } }[];
  };
  for (const { artifactType } of index.manifests) expect(artifactType).toBe("application/vnd.example+json");
  return index.manifests.map(({ annotations }) => annotations.text).sort();
}

describe("ten processes that attach at once", () => {
  it.each<[string, () => string]>([
    ["a registry without a referrers API", () => `${plain.host}/models/flights`],
    ["a registry with one", () => `${withApi.host}/models/flights`],
    ["a layout", () => `oci:${join(directory, "layout")}`],
  ])("lose nothing in %s", async (_name, place) => {
    const { store, subject, reference } = await subjectIn(place());
    await Promise.all(texts.map((text) => attachInProcess(reference, text)));
    expect(await textsOf(store, subject.digest)).toEqual(texts);
    if (place().startsWith(plain.host)) {
      expect(await fallback(plain.host, "models/flights", subject.digest)).toEqual(texts);
      // cosign finds what is attached through the same tag, and is not led astray by the others.
      const cosign = await goTool("cosign");
      const { stdout } = await run(cosign, ["tree", "--experimental-oci11", reference]);
      expect(stdout).toContain("application/vnd.example+json");
      expect(stdout.split("sha256:").length - 1).toBeGreaterThanOrEqual(writers);
    }
  });

  it("lose nothing when some of them are killed: the next writer mends the index", async () => {
    const { store, subject, reference } = await subjectIn(`${plain.host}/models/killed`);
    const children = texts.map((text) => {
      const child = spawn(process.execPath, ["--no-maglev", program, reference, text], { stdio: "ignore" });
      return { child, text };
    });
    const ended = await Promise.all(
      children.map(async ({ child, text }, at) => {
        if (at % 2 === 0) setTimeout(() => child.kill("SIGKILL"), 300 + 40 * at);
        const [code] = await once(child, "exit");
        return { code, text };
      }),
    );
    const whole = ended.filter(({ code }) => code === 0).map(({ text }) => text);
    expect(whole.length).toBeGreaterThanOrEqual(writers / 2);
    expect(await textsOf(store, subject.digest)).toEqual(expect.arrayContaining(whole));
    await attachArtifact(store, subject, "the last");
    const seen = await textsOf(store, subject.digest);
    expect(seen).toEqual(expect.arrayContaining([...whole, "the last"]));
    expect(await fallback(plain.host, "models/killed", subject.digest)).toEqual(seen);
  });
});
