import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { digestOfBytes } from "../digest.ts";
import {
  buildImage,
  droppedVariables,
  type ImageRequest,
  measureModel,
  type Platform,
  platforms,
  resolveBase,
} from "../image.ts";
import { Layout } from "../layout.ts";
import type { Manifest } from "../manifest.ts";
import { collect, putTinyImage, putTinyIndex, type TinyImage } from "../testing/tiny-image.ts";
import { type TinyRelease, tinyRelease } from "../testing/tiny-release.ts";
import { ownNames } from "./names.ts";
import { tarOf } from "./tar.ts";
import { entriesOf } from "./tar-reader.ts";

let directory: string;
let base: Layout;
let store: Layout;
let release: TinyRelease;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-image-"));
  base = new Layout(join(directory, "base"));
  store = new Layout(join(directory, "built"));
  release = await tinyRelease(directory);
  await writeFile(join(directory, "m.onnx"), "weights");
});
afterEach(() => rm(directory, { recursive: true }));

const node = async (architecture: string): Promise<TinyImage> => ({
  architecture,
  layers: [{ bytes: await collect(tarOf([{ path: "nodejs/bin/node", bytes: Buffer.from(architecture) }])) }],
  env: ["PATH=/nodejs/bin:/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
  labels: { "org.opencontainers.image.title": "distroless", maintainer: "someone" },
});

async function request(changes: Partial<ImageRequest> = {}): Promise<ImageRequest> {
  if ((await base.resolve("v1").catch(() => null)) === null) {
    await putTinyIndex(base, [await node("amd64"), await node("arm64")], "v1");
  }
  return {
    base: changes.base ?? (await resolveBase(`oci:${directory}/base:v1`, platforms)),
    platforms,
    server: release.server,
    runtime: async () => release.runtime,
    model: await measureModel(join(directory, "m.onnx"), "flights"),
    contract: Buffer.from("contract"),
    profile: Buffer.from("profile"),
    facts: {
      name: "flights",
      version: "1.2",
      source: "https://git.example/org/flights",
      revision: "abc",
      datasetVersion: "v20131231",
    },
    store,
    tag: "1.2.3",
    ...changes,
  };
}

async function manifestOf(digest: string): Promise<Manifest> {
  const { document } = await store.manifest(digest);
  if (document.kind !== "manifest") throw new Error("an index");
  return document.manifest;
}

async function jsonOf(digest: string) {
  const { config } = await manifestOf(digest);
  return JSON.parse((await collect(store.blob(config))).toString());
}

async function filesOf({ layers }: Manifest): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const layer of layers) {
    const bytes = await collect(store.blob(layer));
    const tar = layer.mediaType.endsWith("gzip") ? gunzipSync(bytes) : bytes;
    for await (const { path, type, content } of entriesOf(
      (async function* () {
        yield tar;
      })(),
    )) {
      if (type === "file") files[path] = (await collect(content)).toString();
    }
  }
  return files;
}

describe("an image", () => {
  it("has this digest and no other", async () => {
    expect((await buildImage(await request())).digest).toBe(
      "sha256:2d161b72e39e2662979f3f006d5c57d73e414c2a1f5725827389ad719eb3ca34",
    );
  });

  it("lies in the store under its tag, as an index of its platforms", async () => {
    const built = await buildImage(await request());
    expect(await store.resolve("1.2.3")).toMatchObject({ digest: built.digest, size: built.size });
    const { document } = await store.manifest(built.digest);
    expect(document).toMatchObject({
      kind: "index",
      index: {
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: built.platforms.map(({ platform, digest }) => ({
          digest,
          platform: { os: "linux", architecture: platform.slice("linux/".length) },
        })),
      },
    });
    expect(built).toMatchObject({
      modelDigest: digestOfBytes("weights"),
      contractDigest: digestOfBytes("contract"),
      profileDigest: digestOfBytes("profile"),
      base: { reference: `oci:${directory}/base:v1@${(await base.resolve("v1"))?.digest}` },
    });
    expect(built.layers.map(({ kind, platform, how }) => [kind, platform, how])).toEqual([
      ["base", "linux/amd64", "sent"],
      ["onnxruntime", "linux/amd64", "sent"],
      ["server", undefined, "sent"],
      ["model", undefined, "sent"],
      ["contract", undefined, "sent"],
      ["base", "linux/arm64", "sent"],
      ["onnxruntime", "linux/arm64", "sent"],
    ]);
  });

  it("holds the platform's runtime without what does not run there, the server, and the model", async () => {
    const { platforms: built } = await buildImage(await request());
    const runtime = "app/runtime/node_modules";
    expect(await filesOf(await manifestOf(built[1]?.digest ?? ""))).toEqual({
      "nodejs/bin/node": "arm64",
      [`${runtime}/onnxruntime-node/package.json`]: '{"name":"onnxruntime-node"}',
      [`${runtime}/onnxruntime-node/dist/index.js`]: "node",
      [`${runtime}/onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1`]:
        "arm64 libonnxruntime.so.1",
      [`${runtime}/onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node`]:
        "arm64 onnxruntime_binding.node",
      [`${runtime}/onnxruntime-common/package.json`]: '{"name":"onnxruntime-common"}',
      [`${runtime}/onnxruntime-common/dist/cjs/index.js`]: "common",
      "app/server/server.js": "server",
      "app/server/bundle/index.js": "bundle",
      "model/flights.onnx": "weights",
      "model/flights.contract.json": "contract",
      "model/profile.json": "profile",
    });
  });

  it("runs our server as nobody, and keeps of its base what is not about the base", async () => {
    const { platforms: built, layers } = await buildImage(await request());
    const config = await jsonOf(built[0]?.digest ?? "");
    expect(config.config).toMatchObject({
      User: "65532:65532",
      WorkingDir: "/model",
      Entrypoint: ["/nodejs/bin/node", "--no-maglev", "/app/server/server.js"],
      ExposedPorts: { "8080/tcp": {} },
      Env: [
        "PATH=/nodejs/bin:/bin",
        "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
        "NODE_ENV=production",
        "PORT=8080",
        "ONNXRUNTIME=/app/runtime/node_modules/onnxruntime-node",
        "MODEL_URI=/model/flights.onnx",
        `MODEL_DIGEST=${digestOfBytes("weights")}`,
      ],
      Labels: {
        maintainer: "someone",
        "org.opencontainers.image.title": "flights",
        "org.opencontainers.image.version": "1.2",
        "org.opencontainers.image.source": "https://git.example/org/flights",
        "org.opencontainers.image.revision": "abc",
        "org.opencontainers.image.base.digest": (await base.resolve("v1"))?.digest,
        [ownNames.modelDigest]: digestOfBytes("weights"),
        [ownNames.datasetVersion]: "v20131231",
      },
    });
    expect(config.created).toBe("1970-01-01T00:00:00Z");
    expect(config.history).toHaveLength(5);
    expect(config.history[0]).toEqual({ created: "2020-01-01T00:00:00Z", created_by: "tiny" });
    expect(config.rootfs.diff_ids).toEqual(layers.slice(0, 5).map(({ diffId }) => diffId));
    const manifest = await manifestOf(built[0]?.digest ?? "");
    expect(manifest.layers.map(({ annotations }) => annotations?.[ownNames.layer])).toEqual([
      undefined,
      "onnxruntime",
      "server",
      "model",
      "contract",
    ]);
    expect(manifest.annotations?.[ownNames.contractDigest]).toBe(digestOfBytes("contract"));
  });

  it("is not made again: what is there is not sent, and the runtime is not asked for", async () => {
    await buildImage(await request());
    const again = await buildImage(
      await request({ runtime: () => Promise.reject(new Error("asked")), tag: "other" }),
    );
    expect(new Set(again.layers.map(({ how }) => how))).toEqual(new Set(["present"]));
  });

  it("never takes over a tag of another image, and leaves the store as it was", async () => {
    await buildImage(await request());
    const before = await readdir(join(directory, "built/blobs/sha256"));
    await expect(buildImage(await request({ contract: Buffer.from("another") }))).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("1.2.3 is another image"),
    });
    expect(await readdir(join(directory, "built/blobs/sha256"))).toEqual(before);
  });

  it("has no manifest and no tag when its approval is refused beside the sending, and that is the one error", async () => {
    const refusal = new Error("the model does not answer");
    const asked = await request();
    await expect(buildImage({ ...asked, approval: Promise.reject(refusal) })).rejects.toBe(refusal);
    expect(await readFile(join(directory, "built/index.json"), "utf8").catch(() => "[]")).not.toContain(
      "sha256:",
    );
  });

  it("waits for its approval with the manifests alone", async () => {
    let approve = () => {};
    const approval = new Promise<void>((resolve) => {
      approve = resolve;
    });
    const built = buildImage(await request({ approval }));
    const { layer } = (await request()).model;
    await vi.waitFor(async () => expect(await store.hasBlob(layer.descriptor)).toBe(true));
    expect(await store.resolve("1.2.3").catch(() => null)).toBeNull();
    approve();
    const { digest } = await built;
    expect((await store.resolve("1.2.3"))?.digest).toBe(digest);
  });

  it("is refused when the model is another than was measured, with no tag", async () => {
    const asked = await request();
    await writeFile(join(directory, "m.onnx"), "WEIGHTS");
    await expect(buildImage(asked)).rejects.toMatchObject({
      code: "image",
      message: expect.stringMatching(/the model layer comes out as/),
    });
    expect(await store.resolve("1.2.3").catch(() => null)).toBeNull();
  });

  it("takes over no variable of the base that would set our server, its Node or its loader", async () => {
    const set = [
      "NODE_OPTIONS=--max-old-space-size=9",
      "CONTRACT_URI=/x",
      "MAX_BODY_BYTES=1",
      "LD_PRELOAD=/x.so",
    ];
    const { env = [], ...image } = await node("amd64");
    await putTinyIndex(base, [{ ...image, env: [...env, ...set] }], "set");
    const amd64: Platform[] = ["linux/amd64"];
    const found = await resolveBase(`oci:${directory}/base:set`, amd64);
    const built = await buildImage(await request({ base: found, platforms: amd64 }));
    const { Env } = (await jsonOf(built.platforms[0]?.digest ?? "")).config;
    expect(Env.map((line: string) => line.split("=")[0])).toEqual([
      "PATH",
      "SSL_CERT_FILE",
      "NODE_ENV",
      "PORT",
      "ONNXRUNTIME",
      "MODEL_URI",
      "MODEL_DIGEST",
    ]);
    expect(droppedVariables(found)).toEqual(["CONTRACT_URI", "LD_PRELOAD", "MAX_BODY_BYTES", "NODE_OPTIONS"]);
    // A base with a server of its own is its own.
    const own = await buildImage(await request({ base: found, platforms: amd64, server: null, tag: "own" }));
    expect((await jsonOf(own.platforms[0]?.digest ?? "")).config.Env).toEqual(expect.arrayContaining(set));
  });

  it("may have one platform, and is an index all the same", async () => {
    const one: Platform[] = ["linux/arm64"];
    const built = await buildImage(await request({ platforms: one, base: (await request()).base }));
    expect(built.platforms.map(({ platform }) => platform)).toEqual(one);
    expect((await store.manifest(built.digest)).document.kind).toBe("index");
  });

  it("is refused with a release or fact that is not what it should be, all facts at once", async () => {
    const refused = async (changes: Partial<ImageRequest>) =>
      buildImage(await request(changes)).catch((error: unknown) => error);
    expect(await refused({ server: directory })).toMatchObject({
      code: "image",
      remedy: expect.stringContaining("release"),
    });
    expect(
      await refused({
        facts: { name: "", version: "1\n::set-output::", source: "s", revision: "x".repeat(501) },
      }),
    ).toMatchObject({
      code: "image",
      message: expect.stringMatching(
        /name is empty; version holds control characters .*; revision has 501 characters/,
      ),
    });
    expect(await readdir(join(directory, "built")).catch(() => [])).toEqual([]);
  });

  it("is refused when the server's files are not those that were released", async () => {
    await mkdir(join(release.server, "server/bundle"), { recursive: true });
    await writeFile(join(release.server, "server/bundle/index.js"), "patched");
    await expect(buildImage(await request())).rejects.toMatchObject({
      code: "image",
      message: expect.stringMatching(/the server layer comes out as/),
    });
    expect(await store.resolve("1.2.3")).toBeNull();
  });
});

describe("a base", () => {
  const resolve = (wanted: readonly Platform[] = platforms) =>
    resolveBase(`oci:${directory}/base:v1`, wanted);
  const amd64: Platform[] = ["linux/amd64"];

  it("may be Docker's, and the image is OCI's all the same", async () => {
    await putTinyImage(
      base,
      {
        ...(await node("amd64")),
        layers: (await node("amd64")).layers.map((layer) => ({
          ...layer,
          mediaType: "application/vnd.docker.image.rootfs.diff.tar",
        })),
        types: {
          config: "application/vnd.docker.container.image.v1+json",
          manifest: "application/vnd.docker.distribution.manifest.v2+json",
        },
      },
      "v1",
    );
    const built = await buildImage(await request({ base: await resolve(amd64), platforms: amd64 }));
    const text = Buffer.from((await store.manifest(built.platforms[0]?.digest ?? "")).bytes).toString();
    expect(text).not.toContain("docker");
  });

  it.each<[string, () => Promise<TinyImage>, RegExp]>([
    ["lacks a platform", async () => node("s390x"), /has no image for linux\/amd64; it has linux\/s390x/],
    [
      "is an artifact",
      async () => ({
        ...(await node("amd64")),
        types: {
          config: "application/vnd.oci.empty.v1+json",
          manifest: "application/vnd.oci.image.manifest.v1+json",
        },
      }),
      /is no image/,
    ],
    [
      "has a layer of an unknown kind",
      async () => ({
        ...(await node("amd64")),
        layers: [
          { bytes: Buffer.from("x"), mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },
        ],
      }),
      /foreign/,
    ],
    [
      "has a config of other layers",
      async () => ({ ...(await node("amd64")), config: { rootfs: { type: "layers", diff_ids: [] } } }),
      /speaks of 0 layers/,
    ],
    [
      "has no config that can be read",
      async () => ({ ...(await node("amd64")), config: { architecture: 7 } }),
      /config cannot be read/,
    ],
  ])("is refused when it %s", async (_name, image, message) => {
    await putTinyImage(base, await image(), "v1");
    await expect(resolve(amd64)).rejects.toMatchObject({
      code: "image",
      message: expect.stringMatching(message),
    });
  });

  it("that is not there is said to be so", async () => {
    await expect(resolve()).rejects.toMatchObject({ code: "not-found" });
    expect(await readFile(join(directory, "m.onnx"), "utf8")).toBe("weights");
  });
});
