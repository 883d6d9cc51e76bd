/** What is attached to an image, on registries that lie, forget, and are written by others at the same time. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Descriptor } from "./manifest.ts";
import type { Registry } from "./registry.ts";
import { attachArtifact, image, indexType, manifestType } from "./testing/artifacts.ts";
import type { FakeOptions } from "./testing/fake-content.ts";
import { sha256 } from "./testing/fake-registry.ts";
import { answers, limited } from "./testing/faults.ts";
import { type PushableRegistry, startPushable } from "./testing/pushable-registry.ts";

let server: PushableRegistry;
let registry: Registry;
let subject: Descriptor;
async function start(options: FakeOptions): Promise<void> {
  server = await startPushable(options);
  registry = server.open();
  subject = await registry.pushManifest(await image(registry, "subject"), manifestType, "1.0");
}
afterEach(() => server.close());

const manifests = () => server.content.repository("models/flights").manifests;
const fallbackTag = () => subject.digest.replace(":", "-");
const setIndex = (entries: unknown[], more: object = {}) =>
  manifests().set(fallbackTag(), {
    bytes: Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: indexType, ...more, manifests: entries }),
    ),
    type: indexType,
  });
const index = () => JSON.parse(String(manifests().get(fallbackTag())?.bytes)) as { manifests: Descriptor[] };
const listed = () => index().manifests.map(({ digest }) => digest);
const found = async () =>
  (await server.open().referrers(subject.digest)).map(({ descriptor }) => descriptor.digest);
const sorted = (...descriptors: Descriptor[]) => descriptors.map(({ digest }) => digest).sort();

describe("on a registry without the API", () => {
  beforeEach(() => start({ referrers: false }));

  it("what another writer's stale put undid is still found, and the next writer mends the index", async () => {
    const first = await attachArtifact(registry, subject, "first");
    setIndex([]);
    expect(await found()).toEqual([first.digest]);
    const second = await attachArtifact(registry, subject, "second");
    expect(listed().sort()).toEqual(sorted(first, second));
    expect(await found()).toEqual(sorted(first, second));
  });

  it("a put that comes between a writer's own and its look is mended by that writer", async () => {
    const first = await attachArtifact(registry, subject, "first");
    let undone = false;
    server.faults.push((request) => {
      if (undone || request.method !== "PUT" || !request.url?.endsWith(fallbackTag())) return false;
      undone = true;
      request.on("end", () => setImmediate(() => setIndex([first])));
      return false;
    });
    const second = await attachArtifact(registry, subject, "second");
    expect(undone).toBe(true);
    expect(listed().sort()).toEqual(sorted(first, second));
  });

  it("entries of others stay word by word, fields unknown here included", async () => {
    const foreign = await registry.pushManifest(await image(registry, "foreign", { subject }), manifestType);
    const entry = { ...foreign, artifactType: "wrong/type", "x-theirs": { a: [1] } };
    setIndex([entry], { annotations: { by: "another tool" } });
    await attachArtifact(registry, subject, "ours");
    expect(index()).toMatchObject({ annotations: { by: "another tool" }, manifests: [entry, {}] });
    const [type] = (await registry.referrers(subject.digest)).filter(
      ({ descriptor }) => descriptor.digest === foreign.digest,
    );
    expect(type?.artifactType).toBe("application/vnd.oci.image.config.v1+json");
  });

  it("what is gone, is of another image or is no manifest is not listed", async () => {
    const other = await registry.pushManifest(await image(registry, "other"), manifestType);
    const theirs = await attachArtifact(registry, other, "theirs");
    const gone = { ...theirs, digest: sha256("gone") };
    const strange = { ...theirs, mediaType: "text/html" };
    setIndex([theirs, gone, strange, subject]);
    expect(await found()).toEqual([]);
  });

  it("entries that are gone are dropped when the registry refuses the index for them", async () => {
    setIndex([{ mediaType: manifestType, digest: sha256("gone"), size: 4 }]);
    const refusal = limited(
      /^PUT .*manifests\/sha256-[0-9a-f]+$/,
      1,
      answers(400, {}, "MANIFEST_BLOB_UNKNOWN"),
    );
    server.faults.push(refusal);
    const ours = await attachArtifact(registry, subject, "ours");
    expect(refusal.met).toBe(1);
    expect(listed()).toEqual([ours.digest]);
  });

  it("a tag that something else uses is left alone", async () => {
    await registry.pushManifest(await image(registry, "squatter"), manifestType, fallbackTag());
    const standing = manifests().get(fallbackTag());
    await expect(attachArtifact(registry, subject, "ours")).rejects.toMatchObject({ code: "manifest" });
    expect(manifests().get(fallbackTag())).toBe(standing);
  });

  it("a list too long to be evidence is refused", async () => {
    const entries = Array.from({ length: 1001 }, (_, at) => ({
      mediaType: manifestType,
      digest: sha256(String(at)),
      size: 1,
    }));
    setIndex(entries);
    await expect(found()).rejects.toMatchObject({ code: "too-large" });
  });
});

describe("on a registry that lists no tags", () => {
  beforeEach(() => start({ referrers: false, tags: false }));

  it("a put that undoes ours is seen by one of several looks, and made good", async () => {
    const first = await attachArtifact(registry, subject, "first");
    let looks = 0;
    server.faults.push((request) => {
      const isLook = request.method === "GET" && request.url?.endsWith(fallbackTag()) === true;
      // The first look comes before the put, the second sees it; then it is undone.
      if (isLook && ++looks === 3) setIndex([first]);
      return false;
    });
    const second = await attachArtifact(registry, subject, "second");
    expect(looks).toBeGreaterThan(4);
    expect(listed().sort()).toEqual(sorted(first, second));
  });
});

describe("on a registry that compares ETags", () => {
  it("a put over another's version is refused, and made again over it", async () => {
    await start({ referrers: false, conditional: true });
    const first = await attachArtifact(registry, subject, "first");
    const between = await registry.pushManifest(await image(registry, "between", { subject }), manifestType);
    let met = 0;
    server.faults.push((request) => {
      if (request.method === "PUT" && request.url?.endsWith(fallbackTag()) && met++ === 0) {
        setIndex([first, between]);
      }
      return false;
    });
    const second = await attachArtifact(registry, subject, "second");
    expect(met).toBe(2);
    expect(listed().sort()).toEqual(sorted(first, between, second));
  });

  it("an ETag that never holds is not gone by", async () => {
    await start({ referrers: false });
    await attachArtifact(registry, subject, "first");
    server.faults.push((request, response, forward) => {
      if (!request.url?.endsWith(fallbackTag())) return false;
      if (request.method === "GET") forward({ headers: { etag: '"fixed"' } });
      else if (request.headers["if-match"] !== undefined) answers(412)(request, response, forward);
      else forward();
      return true;
    });
    await attachArtifact(registry, subject, "second");
    expect(await found()).toHaveLength(2);
  });
});

describe("on a registry with the API", () => {
  beforeEach(() => start({ pageSize: 2 }));

  it("every page is read, and no tag is written", async () => {
    const all = [];
    for (const text of ["a", "b", "c", "d", "e"]) all.push(await attachArtifact(registry, subject, text));
    expect(await found()).toEqual(sorted(...all));
    expect([...manifests().keys()].filter((key) => !key.startsWith("sha256:"))).toEqual(["1.0"]);
  });

  it("pages in a circle, and a list that never has what was attached, are errors", async () => {
    const page = (manifestsListed: unknown[]) =>
      JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: manifestsListed });
    const headers = { "content-type": indexType };
    const link = `</v2/models/flights/referrers/${subject.digest}>; rel="next"`;
    server.faults.push(limited(/referrers/, 2, answers(200, { ...headers, link }, page([]))));
    await expect(found()).rejects.toMatchObject({
      code: "status",
      message: expect.stringContaining("breaks off"),
    });
    server.faults.splice(0, 1, limited(/referrers/, 99, answers(200, headers, page([]))));
    await expect(attachArtifact(registry, subject, "lost")).rejects.toMatchObject({
      code: "status",
      message: expect.stringContaining("does not list"),
    });
  });

  it("a link to another host is not followed", async () => {
    const first = await attachArtifact(registry, subject, "a");
    server.faults.push((request, _response, forward) => {
      if (!request.url?.includes("referrers")) return false;
      forward({ headers: { link: '<https://evil.example/more>; rel="next"' } });
      return true;
    });
    expect(await found()).toEqual([first.digest]);
  });
});
