import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOfBytes } from "../digest.ts";
import { extractModel, readContents } from "../image.ts";
import { Layout } from "../layout.ts";
import {
  collect,
  putTinyImage,
  putTinyIndex,
  type TinyImage,
  type TinyLayer,
} from "../testing/tiny-image.ts";
import { ownNames, releaseDigest } from "./names.ts";

let directory: string;
let store: Layout;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-contents-"));
  store = new Layout(join(directory, "image"));
});
afterEach(() => rm(directory, { recursive: true }));

type Header = Parameters<ReturnType<typeof pack>["entry"]>[0];

/** Any tar, sound or not. */
async function layer(...entries: readonly [string | Header, string?][]): Promise<TinyLayer> {
  const archive = pack();
  for (const [header, content] of entries) {
    archive.entry(
      { mtime: new Date(0), ...(typeof header === "string" ? { name: header } : header) },
      content ?? "",
    );
  }
  archive.finalize();
  return { bytes: await collect(archive as AsyncIterable<Uint8Array>) };
}

const env = ["MODEL_URI=/model/flights.onnx"];
const model = () => layer(["model/flights.onnx", "weights"]);
const contract = () => layer(["model/flights.contract.json", "contract"], ["model/profile.json", "profile"]);
const expected = {
  modelDigest: digestOfBytes("weights"),
  contractDigest: digestOfBytes("contract"),
  profileDigest: digestOfBytes("profile"),
  releaseDigest: releaseDigest(digestOfBytes("weights"), digestOfBytes("contract")),
};

const put = async (image: Partial<TinyImage>) =>
  (await putTinyImage(store, { env, layers: [await model(), await contract()], ...image })).digest;
const refusal = async (image: Partial<TinyImage>) => {
  const digest = await put(image);
  const target = join(directory, "out");
  const extracted = await extractModel(store, digest, target).catch((error: unknown) => error);
  expect(await readdir(target)).toEqual([]);
  const read = await readContents(store, digest).catch((error: unknown) => error);
  expect((read as Error).message).toBe((extracted as Error).message);
  return read;
};

describe("the contents of an image", () => {
  it("are hashed from its bytes, and have the digest that evidence made before it speaks of", async () => {
    expect(await readContents(store, await put({}))).toMatchObject(expected);
    // As packages/rollout/src/release.ts computes it.
    expect(releaseDigest(`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`)).toBe(
      "sha256:cf91d6a260fd1aae99d8462ea72b1be623a5bad50816e4b3653a035970e93085",
    );
  });

  it("are the same on all platforms, with the labels that all share", async () => {
    const image = { env, layers: [await model(), await contract()] };
    const { digest } = await putTinyIndex(store, [
      { ...image, labels: { a: "1", b: "1" } },
      { ...image, architecture: "arm64", labels: { a: "1", b: "2" } },
    ]);
    expect(await readContents(store, digest)).toMatchObject({
      ...expected,
      labels: { a: "1" },
      platforms: [{ platform: "linux/amd64" }, { platform: "linux/arm64" }],
    });
    const other = {
      ...image,
      architecture: "arm64",
      layers: [await layer(["model/flights.onnx", "other"]), await contract()],
    };
    await expect(
      readContents(store, (await putTinyIndex(store, [image, other])).digest),
    ).rejects.toMatchObject({
      code: "image",
      message: expect.stringContaining(
        "another model, contract or profile for linux/arm64 than for linux/amd64",
      ),
    });
  });

  it.each<[string, string, (bytes: Uint8Array) => Buffer]>([
    ["gzip", "application/vnd.oci.image.layer.v1.tar+gzip", (bytes) => gzipSync(bytes)],
    ["Docker's gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip", (bytes) => gzipSync(bytes)],
    ["zstd", "application/vnd.oci.image.layer.v1.tar+zstd", (bytes) => zstdCompressSync(bytes)],
  ])("are found in layers of %s", async (_name, mediaType, compress) => {
    const layers = [await model(), await contract()].map(({ bytes }) => ({
      bytes: compress(bytes),
      mediaType,
    }));
    expect(await readContents(store, await put({ layers }))).toMatchObject(expected);
    const broken = layers.map((each) => ({ ...each, bytes: each.bytes.subarray(0, -20) }));
    expect(await refusal({ layers: broken })).toMatchObject({
      code: "image",
      message: expect.stringContaining("cannot be unpacked"),
    });
  });

  it("are those of the uppermost layer, and what is below it is not read", async () => {
    const below = await layer(
      ["model/flights.onnx", "old"],
      ["model/flights.contract.json", "old"],
      ["model/profile.json", "old"],
    );
    const layers = [{ bytes: Buffer.from("no tar") }, below, await contract(), await model()];
    expect(await readContents(store, await put({ layers }))).toMatchObject(expected);
  });

  it("have no profile where the contract has none", async () => {
    const bare = await layer(["model/flights.contract.json", "contract"]);
    const digest = await put({ layers: [await layer(["model/profile.json", "old"]), await model(), bare] });
    expect(await readContents(store, digest)).toMatchObject({ ...expected, profileDigest: null });
  });

  it.each<[string, string]>([
    ["file", "model/.wh.flights.onnx"],
    ["folder", ".wh.model"],
    ["opaque folder", "model/.wh..wh..opq"],
  ])("are not what a layer above has removed: %s", async (_name, path) => {
    expect(await refusal({ layers: [await model(), await contract(), await layer([path])] })).toMatchObject({
      code: "image",
      message: expect.stringContaining("has no file model/flights.onnx"),
    });
    // A removal is of what lies below, not of what the same layer brings.
    const replaced = await layer(
      [path],
      ["model/flights.onnx", "weights"],
      ["model/flights.contract.json", "contract"],
      ["model/profile.json", "profile"],
    );
    expect(await readContents(store, await put({ layers: [await model(), replaced] }))).toMatchObject(
      expected,
    );
  });

  it.each<[string, () => Promise<Partial<TinyImage>>, RegExp]>([
    [
      "a link in the model's place",
      async () => ({
        layers: [
          await layer([{ name: "model/flights.onnx", type: "symlink", linkname: "/x" }]),
          await contract(),
        ],
      }),
      /other than a plain file/,
    ],
    [
      "a hard link in the model's place",
      async () => ({
        layers: [
          await layer([{ name: "model/flights.onnx", type: "link", linkname: "/etc/passwd" }]),
          await contract(),
        ],
      }),
      /other than a plain file/,
    ],
    [
      "a device in the model's place",
      async () => ({
        layers: [await layer([{ name: "model/flights.onnx", type: "character-device" }]), await contract()],
      }),
      /other than a plain file/,
    ],
    [
      "a folder that is a link",
      async () => ({
        layers: [
          await model(),
          await contract(),
          await layer([{ name: "model", type: "symlink", linkname: "/x" }]),
        ],
      }),
      /something other than a folder/,
    ],
    [
      "the model twice",
      async () => ({
        layers: [
          await layer(["model/flights.onnx", "weights"], ["./model//flights.onnx", "evil"]),
          await contract(),
        ],
      }),
      /twice/,
    ],
    [
      "a path that climbs",
      async () => ({ layers: [await layer(["../model/flights.onnx", "evil"]), await contract()] }),
      /holds the path/,
    ],
    ["no model", async () => ({ layers: [await contract()] }), /has no file model\/flights.onnx/],
    ["no contract", async () => ({ layers: [await model()] }), /has no file model\/flights.contract.json/],
    ["what is no tar", async () => ({ layers: [{ bytes: Buffer.alloc(1024, "x") }] }), /no tar/],
    [
      "a layer of an unknown type",
      async () => ({ layers: [{ ...(await model()), mediaType: "application/octet-stream" }] }),
      /is of the type/,
    ],
    [
      "a MODEL_DIGEST that lies",
      async () => ({ env: [...env, `MODEL_DIGEST=${digestOfBytes("x")}`] }),
      /MODEL_DIGEST .* but holds/,
    ],
    [
      "a model's label that lies",
      async () => ({ labels: { [ownNames.modelDigest]: digestOfBytes("x") } }),
      /model\.digest .* but holds/,
    ],
    [
      "a contract's label that lies",
      async () => ({ labels: { [ownNames.contractDigest]: digestOfBytes("x") } }),
      /contract\.digest .* but holds/,
    ],
    [
      "a profile's label and no profile",
      async () => ({
        layers: [await layer(["model/flights.contract.json", "contract"]), await model()],
        labels: { [ownNames.profileDigest]: digestOfBytes("x") },
      }),
      /profile\.digest .* but holds none/,
    ],
  ])("are refused with %s", async (_name, image, message) => {
    expect(await refusal(await image())).toMatchObject({
      code: "image",
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, string[]]>([
    ["no MODEL_URI", []],
    ["a model from elsewhere", ["MODEL_URI=s3://bucket/flights.onnx"]],
    ["a path that climbs", ["MODEL_URI=/model/../etc/passwd"]],
    ["a relative path", ["MODEL_URI=model/flights.onnx"]],
    ["a hidden file", ["MODEL_URI=/model/.bashrc"]],
    ["a path of two lines", ["MODEL_URI=/model/a\n::set-output name=x::y"]],
    ["two paths", [...env, "MODEL_URI=/model/other.onnx"]],
    ["a contract elsewhere", [...env, "CONTRACT_URI=https://example.org/c.json"]],
  ])("are refused with %s", async (_name, lines) => {
    const digest = await put({ env: lines });
    await expect(readContents(store, digest)).rejects.toMatchObject({
      code: "image",
      remedy: expect.stringContaining("MODEL_URI"),
    });
  });
});

describe("extracting the model", () => {
  it("writes the model, its contract and profile, and nothing else", async () => {
    const target = join(directory, "deep/er");
    const layers = [
      await model(),
      await contract(),
      await layer(["model/other", "x"], ["etc/passwd", "root"]),
    ];
    const extracted = await extractModel(store, await put({ layers }), target);
    expect(extracted).toMatchObject({
      model: join(target, "flights.onnx"),
      contract: join(target, "flights.contract.json"),
      profile: join(target, "profile.json"),
      contents: expected,
    });
    expect((await readdir(target)).sort()).toEqual(["flights.contract.json", "flights.onnx", "profile.json"]);
    expect(await readFile(extracted.model, "utf8")).toBe("weights");
    expect(await readFile(extracted.contract, "utf8")).toBe("contract");
  });

  it("of an image whose blobs were changed leaves nothing behind", async () => {
    const digest = await put({});
    const { bytes } = await model();
    const path = join(directory, "image/blobs/sha256", digestOfBytes(bytes).slice("sha256:".length));
    const changed = Buffer.from(bytes);
    changed.write("evil!!!", 512);
    await writeFile(path, changed);
    const target = join(directory, "out");
    await expect(extractModel(store, digest, target)).rejects.toMatchObject({ code: "digest" });
    expect(await readdir(target)).toEqual([]);
  });
});
