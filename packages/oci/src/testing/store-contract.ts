/** What every store must do, whatever it is made of. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentOfBytes } from "../content.ts";
import type { Store } from "../store.ts";
import {
  attachArtifact,
  configType,
  image,
  indexType,
  layerType,
  manifestType,
  pushBytes,
  readAll,
} from "./artifacts.ts";
import { sha256 } from "./fake-registry.ts";

export interface StoreFixture {
  /** A client of its own each time, all of one repository. */
  open(): Store;
  close(): Promise<void>;
}

/** Runs the contract over a kind of store; `start` gives an empty repository. */
export function describeStore(name: string, start: () => Promise<StoreFixture>): void {
  describe(`a store: ${name}`, () => {
    let fixture: StoreFixture;
    let store: Store;
    beforeAll(async () => {
      fixture = await start();
      store = fixture.open();
    });
    afterAll(() => fixture.close());
    blobCases(() => store);
    manifestCases(() => store);
    referrerCases(
      () => store,
      () => fixture.open(),
    );
  });
}

function blobCases(store: () => Store): void {
  // A registry gets the last in chunks.
  it.each([0, 1, 100_000, 34_000_001])(
    "gives a blob of %i bytes back as it was pushed, once",
    async (size) => {
      const bytes = randomBytes(size);
      const descriptor = { mediaType: layerType, digest: sha256(bytes), size };
      const content = contentOfBytes(bytes);
      expect(await store().pushBlob(descriptor, content)).toBe("sent");
      expect(await store().hasBlob(descriptor)).toBe(true);
      expect(await store().pushBlob(descriptor, content)).toBe("present");
      expect((await readAll(store(), descriptor)).equals(bytes)).toBe(true);
    },
  );

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ["other bytes", (bytes) => Buffer.from(bytes).fill(0, 10, 20)],
    ["fewer", (bytes) => bytes.subarray(1)],
    ["more", (bytes) => Buffer.concat([Buffer.from("more"), bytes])],
  ])("takes no content with %s than described", async (_name, change) => {
    const bytes = randomBytes(100_000);
    const descriptor = { mediaType: layerType, digest: sha256(bytes), size: bytes.byteLength };
    const wrong = contentOfBytes(change(bytes));
    await expect(store().pushBlob(descriptor, wrong)).rejects.toMatchObject({ code: "digest" });
    expect(await store().hasBlob(descriptor)).toBe(false);
    await expect(readAll(store(), descriptor)).rejects.toMatchObject({ code: "not-found" });
  });

  it("passes on what goes wrong where the content comes from", async () => {
    const descriptor = { mediaType: layerType, digest: sha256("x".repeat(10)), size: 10 };
    const gone = new Error("the disk is gone");
    const content = async function* () {
      yield Buffer.from("xx");
      throw gone;
    };
    await expect(store().pushBlob(descriptor, content)).rejects.toBe(gone);
    expect(await store().hasBlob(descriptor)).toBe(false);
  });

  it("gives no blob under a size that it has not", async () => {
    const descriptor = await pushBytes(store(), Buffer.from("ten bytes!"));
    for (const size of [9, 11]) {
      await expect(readAll(store(), { ...descriptor, size })).rejects.toMatchObject({ code: "digest" });
    }
  });
}

function manifestCases(store: () => Store): void {
  it("gives a manifest back by tag and by digest", async () => {
    const bytes = await image(store(), "tagged");
    const descriptor = await store().pushManifest(bytes, manifestType, "tagged");
    expect(descriptor).toEqual({ mediaType: manifestType, digest: sha256(bytes), size: bytes.byteLength });
    for (const name of ["tagged", descriptor.digest]) {
      expect(await store().resolve(name)).toEqual(descriptor);
      const pulled = await store().manifest(name);
      expect(Buffer.from(pulled.bytes).equals(bytes)).toBe(true);
      expect(pulled).toMatchObject({ digest: descriptor.digest, document: { kind: "manifest" } });
    }
  });

  it("gives an index and the manifests in it", async () => {
    const parts = [];
    for (const architecture of ["amd64", "arm64"]) {
      const part = await store().pushManifest(await image(store(), architecture), manifestType);
      parts.push({ ...part, platform: { os: "linux", architecture } });
    }
    const text = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: parts });
    const { digest } = await store().pushManifest(Buffer.from(text), indexType, "multi");
    const { document } = await store().manifest("multi");
    expect(document).toMatchObject({ kind: "index", index: { manifests: parts } });
    expect(await store().resolve(digest)).toMatchObject({ digest, mediaType: indexType });
    for (const part of parts) expect((await store().manifest(part.digest)).digest).toBe(part.digest);
  });

  it("never moves a tag: the same digest changes nothing, another is a conflict", async () => {
    const first = await store().pushManifest(await image(store(), "first"), manifestType, "fixed");
    expect(await store().pushManifest(await image(store(), "first"), manifestType, "fixed")).toEqual(first);
    const second = await image(store(), "second");
    await expect(store().pushManifest(second, manifestType, "fixed")).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(first.digest),
    });
    expect(await store().resolve("fixed")).toEqual(first);
    expect(await store().resolve(sha256(second))).toBeNull();
  });

  it("names what it does not have", async () => {
    const absent = sha256("absent");
    for (const name of ["absent", absent]) {
      expect(await store().resolve(name)).toBeNull();
      await expect(store().manifest(name)).rejects.toMatchObject({ code: "not-found" });
    }
    expect(await store().hasBlob({ mediaType: layerType, digest: absent, size: 6 })).toBe(false);
    expect(await store().referrers(absent)).toEqual([]);
  });

  it.each(["../etc/passwd", "", "a tag", "tag\nx", "x".repeat(129), "sha256:12"])(
    "takes %j for no name",
    async (name) => {
      await expect(store().manifest(name)).rejects.toMatchObject({ code: "reference" });
      const bytes = await image(store(), "named");
      await expect(store().pushManifest(bytes, manifestType, name)).rejects.toMatchObject({
        code: "reference",
      });
    },
  );

  it("takes no manifest that is none", async () => {
    await expect(store().pushManifest(Buffer.from("{}"), manifestType, "none")).rejects.toMatchObject({
      code: "manifest",
    });
    expect(await store().resolve("none")).toBeNull();
  });
}

function referrerCases(store: () => Store, another: () => Store): void {
  it("lists what is attached by its own word, and only that", async () => {
    const subject = await store().pushManifest(await image(store(), "subject"), manifestType, "subject");
    const other = await store().pushManifest(await image(store(), "other"), manifestType);
    expect(await store().referrers(subject.digest)).toEqual([]);
    const attached = [
      await attachArtifact(store(), subject, "a"),
      await attachArtifact(store(), subject, "b"),
    ];
    await attachArtifact(store(), other, "c");
    const again = await attachArtifact(store(), subject, "a");
    expect(again).toEqual(attached[0]);
    const found = await another().referrers(subject.digest);
    expect(found.map(({ descriptor }) => descriptor.digest)).toEqual(
      attached.map(({ digest }) => digest).sort(),
    );
    const [first] = await another().referrers(subject.digest, "application/vnd.example+json");
    expect(first).toMatchObject({
      artifactType: "application/vnd.example+json",
      descriptor: found[0]?.descriptor,
    });
    expect(["a", "b"]).toContain(first?.annotations.text);
    expect(first?.layers).toHaveLength(1);
    expect(await store().referrers(subject.digest, configType)).toEqual([]);
    expect(await store().resolve("subject")).toEqual(subject);
  });

  it("loses nothing that ten attach at the same time", async () => {
    const subject = await store().pushManifest(await image(store(), "busy"), manifestType);
    const texts = Array.from({ length: 10 }, (_, at) => `busy ${at}`);
    await Promise.all(texts.map((text) => attachArtifact(another(), subject, text)));
    const found = await store().referrers(subject.digest);
    expect(found.map(({ annotations }) => annotations.text).sort()).toEqual(texts);
  });
}
