import type { Source } from "@ml-actions/oci";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { layoutStore, newKey, pushImage, type TestImage } from "../verification/testing/image.ts";
import { attach, readBundles, readSigned } from "./attach.ts";
import { aboutImage, attest, imageSignature, readUnsigned } from "./attest.ts";

import { statementBytes } from "./testing/statements.ts";
import type { SignedStatement } from "./types.ts";

let layout: Awaited<ReturnType<typeof layoutStore>>;
let image: TestImage;
let count = 0;
beforeAll(async () => {
  layout = await layoutStore();
});
afterAll(() => layout.remove());
const newImage = async () => {
  image = await pushImage(layout.store, `image ${++count}`);
  return image;
};
const signer = newKey();

describe("a bundle beside an image", () => {
  it("lies there as cosign v3 writes it, but without a clock", async () => {
    const { subject, store } = await newImage();
    const { digest } = await attach(store, subject, '{"a":1}', "https://example.com/claim/v1");
    const { bytes } = await store.manifest(digest);
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {
        mediaType: "application/vnd.oci.empty.v1+json",
        size: 2,
        digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      },
      layers: [
        {
          mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
          size: 7,
          digest: "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
        },
      ],
      annotations: {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": "https://example.com/claim/v1",
      },
      subject: { mediaType: subject.mediaType, size: subject.size, digest: subject.digest },
      artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    });
  });

  it("is the same one when attached again", async () => {
    const { subject, store, digest } = await newImage();
    const bundle = await signer.sign(statementBytes());
    const first = await attach(store, subject, bundle, "https://example.com/claim/v1");
    const second = await attach(store, subject, bundle, "https://example.com/claim/v1");
    expect(second.digest).toBe(first.digest);
    expect(await readBundles(store, digest)).toHaveLength(1);
  });

  it("that is damaged, of another signer or of another image does not hide the good one", async () => {
    const { store, digest, sign, attachText } = await newImage();
    const other = await pushImage(layout.store, "another image");
    const good = await sign(signer);
    await attachText("{", "https://example.com/claim/v1");
    await sign(newKey());
    await attachText(await other.sign(signer), "https://sigstore.dev/cosign/sign/v1");
    const all = await readSigned(store, digest, signer.trust);
    const codes = all.map(({ error }) => (error as { code?: string } | null)?.code ?? "good").sort();
    expect(codes).toEqual(["good", "key", "not-a-bundle", "subject"]);
    const swapped = all.find(({ error }) => (error as { code?: string } | null)?.code === "subject");
    expect(swapped?.error?.message).toBe(`It speaks of ${other.digest}, not of ${digest}.`);
    expect(good).not.toBe("");
  });

  it("that would fill the memory, or is no bundle by its manifest, is not fetched", async () => {
    const { store, digest } = await newImage();
    const layer = { mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", size: 2 ** 40, digest };
    const descriptor = { mediaType: "x", size: 1, digest };
    const referrer = { descriptor, artifactType: layer.mediaType, annotations: {} };
    const listing = (layers: (typeof layer)[]): Source => ({
      name: "hostile",
      manifest: (of) => store.manifest(of),
      resolve: (of) => store.resolve(of),
      blob: () => {
        throw new Error("it was fetched");
      },
      referrers: async () => [{ ...referrer, layers }],
    });
    for (const layers of [[layer], [], [layer, layer], [{ ...layer, mediaType: "text/plain" }]]) {
      const [only] = await readBundles(listing(layers), digest);
      expect(only?.error).toMatchObject({ code: "not-a-bundle" });
    }
  });
});

describe("a bundle's text", () => {
  it("has the digest of its layer, or is none", async () => {
    const { subject, store, digest } = await newImage();
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    const layer = {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      size: 3,
      digest: digestOfBytes(bytes),
    };
    const listing: Source = {
      name: "hostile",
      manifest: (of) => store.manifest(of),
      resolve: (of) => store.resolve(of),
      blob: async function* () {
        yield bytes;
      },
      referrers: async () => [
        { descriptor: subject, artifactType: layer.mediaType, annotations: {}, layers: [layer] },
      ],
    };
    const [only] = await readBundles(listing, digest);
    expect(only?.error).toMatchObject({ code: "not-a-bundle" });
    expect(only?.error?.message).toContain("UTF-8");
  });
});

describe("a statement is signed once", () => {
  const present = () => readSigned(image.store, image.digest, signer.trust);
  const claim = (): SignedStatement => ({
    ...imageSignature(image.digest),
    predicateType: "https://example.com/x",
  });

  it("writes nothing the second time, whatever the order of its keys", async () => {
    const { store, subject, digest } = await newImage();
    const first = await attest(store, subject, claim(), signer, await present());
    const turned = Object.fromEntries(Object.entries(claim()).reverse()) as unknown as SignedStatement;
    const second = await attest(store, subject, turned, signer, await present());
    expect(first.written).toBe(true);
    expect(second).toEqual({ ...first, written: false });
    expect(await readBundles(store, digest)).toHaveLength(1);
  });

  it("is signed by each signer, and anew when it says something else", async () => {
    const { store, subject, digest } = await newImage();
    await attest(store, subject, claim(), newKey(), []);
    expect((await attest(store, subject, claim(), signer, await present())).written).toBe(true);
    const more = { ...claim(), predicate: { more: 1 } };
    expect((await attest(store, subject, more, signer, await present())).written).toBe(true);
    expect(await readBundles(store, digest)).toHaveLength(3);
  });

  it("is not attached when its own signature does not verify", async () => {
    const { store, subject, digest } = await newImage();
    const mixed = { ...signer, trust: newKey().trust };
    await expect(attest(store, subject, claim(), mixed, [])).rejects.toMatchObject({ code: "key" });
    expect(await readBundles(store, digest)).toHaveLength(0);
  });
});

describe("evidence is said of the image", () => {
  const digest = `sha256:${"1".repeat(64)}`;
  const model = { name: "flights.onnx", digest: { sha256: "2".repeat(64) } };
  const known = [digest, `sha256:${"2".repeat(64)}`];
  const about = (subject: SignedStatement["subject"]) =>
    aboutImage({ ...imageSignature(digest), subject }, { name: "r/flights", digest }, known, "eval.json");

  it("that comes first among its subjects, once", () => {
    const first = { name: "r/flights", digest: { sha256: "1".repeat(64) } };
    expect(about([model]).subject).toEqual([first, model]);
    expect(about([model, { digest: { sha256: "1".repeat(64) } }]).subject).toEqual([first, model]);
  });

  it.each([
    ["another model", [{ digest: { sha256: "3".repeat(64) } }], `sha256:${"3".repeat(64)}`],
    ["this model and another", [model, { digest: { sha256: "3".repeat(64) } }], `sha256:${"3".repeat(64)}`],
    ["no sha256", [{ digest: { sha512: "3".repeat(128) } }], "sha256:none"],
  ])("and not of %s", (_, subject, found) => {
    expect(() => about(subject)).toThrow(
      `eval.json speaks of ${found}; r/flights is known by these alone:\n  ${known.join("\n  ")}`,
    );
  });

  it("with at most ten subjects", () => {
    expect(about(Array(9).fill(model)).subject).toHaveLength(10);
    expect(() => about(Array(10).fill(model))).toThrow("at most 10");
  });

  it.each([
    ["", "is empty"],
    ["{", "is not JSON"],
    ["[]", "is not an in-toto statement"],
    ['{"_type":"https://in-toto.io/Statement/v1"}', "predicateType: "],
    ['{"__proto__":{}}', "__proto__"],
  ])("when it is a statement: %s", (text, why) => {
    expect(() => readUnsigned(text, "eval.json")).toThrow(why);
  });
});
