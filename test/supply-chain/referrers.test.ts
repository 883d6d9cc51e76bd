/** Ten processes attach to one image at the same time: all of it is there at the end, for us and for real tools. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Descriptor, Store } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";
import { attachArtifact, image, manifestType } from "@ml-actions/oci/testing/artifacts";
import { limited } from "@ml-actions/oci/testing/faults";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCraneRegistry } from "../components/crane-registry.ts";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { startFaultProxy } from "../components/fault-proxy.ts";
import { goTool } from "../components/go-tool.ts";

const run = promisify(execFile);
const program = join(import.meta.dirname, "attach-one.ts");
const writers = 10;
const texts = Array.from({ length: writers }, (_, at) => `evidence ${at}`);

/** Ten starts of Node at once are slow where there are few cores. */
const timeoutMs = 180_000;

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

describe("ten processes that attach at once", { timeout: timeoutMs }, () => {
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

  it("lose nothing when some are killed between their put and their look: the next writer mends the index", async () => {
    const { store, subject, reference } = await subjectIn(`${plain.host}/models/killed`);
    const isIndex = new RegExp(`^PUT .*/manifests/${subject.digest.replace(":", "-")}$`);
    await Promise.all(
      texts.map(async (text, at) => {
        const proxy = await startFaultProxy(plain.host);
        try {
          const through = reference.replace(plain.host, proxy.host);
          const child = spawn(process.execPath, ["--no-maglev", program, through, text], { stdio: "ignore" });
          if (at % 2 === 0) {
            proxy.faults.push(
              limited(isIndex, 1, (_request, response, forward) => {
                response.end = (() => {
                  child.kill("SIGKILL");
                  return response;
                }) as typeof response.end;
                forward();
                return true;
              }),
            );
          }
          const [code, signal] = await once(child, "exit");
          expect([code, signal]).toEqual(at % 2 === 0 ? [null, "SIGKILL"] : [0, null]);
        } finally {
          await proxy.stop();
        }
      }),
    );
    expect(await textsOf(store, subject.digest)).toEqual(texts);
    await attachArtifact(store, subject, "the last");
    expect(await fallback(plain.host, "models/killed", subject.digest)).toEqual([...texts, "the last"]);
  });
});
