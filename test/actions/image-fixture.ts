/** Images of the flights' models in layouts and registries, on a base and with a server of a few bytes, and evidence signed for them: a
 * release's image as deploy and eval-gate read it, without anything that would have to run. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testResultStatement } from "@ml-actions/evidence";
import { imageSignatureType } from "@ml-actions/evidence/predicates";
import { attach, keySigner } from "@ml-actions/evidence/signing";
import type { Verdict } from "@ml-actions/gates/types";
import type { Credentials, Store } from "@ml-actions/oci";
import {
  buildImage,
  measuredLayer,
  measureModel,
  resolveBase,
  runtimeEntries,
  serverEntries,
} from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import { flights } from "./suite.ts";

export const platform = "linux/amd64" as const;
const ociTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
};

export interface FlightsImage {
  store: Store;
  /** `oci:DIR@sha256:…`, `registry/repository@sha256:…` */
  reference: string;
  digest: string;
  releaseDigest: string;
}

/** A directory of its own, which ends with the machine's temporary files. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), "ml-actions-test-"));

/**
 * @param name of the model: `flights-1`
 * @param place `oci:DIR` or `registry/repository`
 */
export async function imageOf(
  name: string,
  {
    place = `oci:${join(scratch(), "layout")}`,
    credentials,
    version = "1.0.7",
    tag,
  }: { place?: string; credentials?: Credentials; version?: string; tag?: string } = {},
): Promise<FlightsImage> {
  const { store } = await openStore(place, credentials === undefined ? {} : { credentials });
  const model = flights(`${name}.onnx`);
  const parts = await smallParts();
  const { digest, releaseDigest } = await buildImage({
    ...parts,
    base: await resolveBase(`oci:${await smallBase()}:base`, [platform]),
    platforms: [platform],
    model: await measureModel(model, "flights"),
    contract: await readFile(flights(`${name}.contract.json`)),
    facts: { name: "flights", version, source: "https://github.com/org/flights", revision: "0".repeat(40) },
    store,
    ...(tag === undefined ? {} : { tag }),
  });
  return { store, reference: `${place}@${digest}`, digest, releaseDigest };
}

/** One empty layer, and a config that says for what it is. */
export async function smallBase(): Promise<string> {
  const directory = join(scratch(), "base");
  const { store } = await openStore(`oci:${directory}`);
  const tar = Buffer.alloc(1024);
  const [os, architecture] = platform.split("/");
  const config = Buffer.from(
    JSON.stringify({ architecture, os, config: {}, rootfs: { type: "layers", diff_ids: [digestOf(tar)] } }),
  );
  const descriptor = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  });
  const layer = descriptor("application/vnd.oci.image.layer.v1.tar", tar);
  const described = descriptor(ociTypes.config, config);
  for (const [each, bytes] of [
    [layer, tar],
    [described, config],
  ] as const) {
    await store.pushBlob(each, async function* (offset) {
      yield bytes.subarray(offset);
    });
  }
  const manifest = { schemaVersion: 2, mediaType: ociTypes.manifest, config: described, layers: [layer] };
  await store.pushManifest(Buffer.from(JSON.stringify(manifest)), ociTypes.manifest, "base");
  return directory;
}

/** What the release tree holds for images, of a line each: no server here is ever started. */
async function smallParts() {
  const directory = scratch();
  const server = join(directory, "image");
  const runtime = join(directory, "node_modules/onnxruntime-node");
  const binaries = join(runtime, "bin/napi-v6/linux/x64");
  const write = (folder: string, name: string, content: string) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  write(join(server, "server"), "server.js", "// a server\n");
  write(runtime, "package.json", "{}");
  write(join(directory, "node_modules/onnxruntime-common"), "package.json", "{}");
  write(binaries, "onnxruntime_binding.node", "binding");
  write(binaries, "libonnxruntime.so.1", "library");
  const recorded = await measuredLayer(await runtimeEntries(runtime, platform));
  const layers = {
    schema: "ml-actions/image-layers/v1",
    server: await measuredLayer(await serverEntries(server)),
    onnxruntime: {
      version: "1.0.0",
      packages: [],
      platforms: { "linux/amd64": recorded, "linux/arm64": recorded },
    },
  };
  write(server, "layers.json", JSON.stringify(layers));
  return { server, runtime: async () => runtime };
}

export interface Signing {
  /** Path of the public key. */
  key: string;
  /** Signs the image itself. */
  image(image: FlightsImage): Promise<void>;
  /** Signs an evaluation of it. */
  evaluation(image: FlightsImage, facts: EvaluationFacts): Promise<void>;
}

export interface EvaluationFacts {
  metrics: Readonly<Record<string, number>>;
  verdict?: "pass" | "fail";
  dataset?: { name: string; digest: string };
  /** What the statement is about, when it is not what it is attached to. */
  about?: FlightsImage;
  /** Milliseconds since 1970. Of several, the newest counts. */
  finishedAt?: number;
}

/** A key pair of its own. */
export function newSigning(): Signing {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = keySigner(pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  const key = join(scratch(), "cosign.pub");
  writeFileSync(key, pair.publicKey.export({ format: "pem", type: "spki" }));
  const put = async ({ store, digest }: FlightsImage, statement: { predicateType: string }) => {
    const subject = await store.resolve(digest);
    if (subject === null) throw new Error(`${digest} is not in ${store.name}`);
    const bundle = await signer.sign(Buffer.from(JSON.stringify(statement)));
    await attach(store, subject, bundle, statement.predicateType);
  };
  return {
    key,
    image: (image) =>
      put(image, {
        ...{ _type: "https://in-toto.io/Statement/v1", subject: [subjectOf(image.digest)], predicate: {} },
        predicateType: imageSignatureType,
      }),
    evaluation: (image, facts) => put(image, evaluationOf(facts.about ?? image, facts)),
  };
}

const subjectOf = (digest: string) => ({
  name: "flights",
  digest: { sha256: digest.slice("sha256:".length) },
});

/** As eval-gate writes it and `sign` puts the image before it. */
function evaluationOf({ digest, releaseDigest }: FlightsImage, facts: EvaluationFacts) {
  const { metrics, verdict = "pass", dataset, finishedAt = Date.now() } = facts;
  const judged: Verdict = {
    gate: "auc >= 0.5",
    metric: "auc",
    verdict,
    rule: "estimate",
    observed: metrics.auc ?? 0.7,
    baseline: null,
    bound: 0.5,
    interval: null,
    n: 1000,
    reason: "It is as it is.",
  };
  return testResultStatement({
    kind: "eval",
    subject: { name: "flights", digest },
    aliases: [{ name: "flights-1", digest: releaseDigest }],
    verdicts: [judged],
    rule: "estimate",
    confidence: 0.95,
    configuration: [{ name: "gates", digest: `sha256:${"c".repeat(64)}` }],
    metrics: { candidate: metrics, baseline: null },
    ...(dataset === undefined ? {} : { dataset: { ...dataset, version: null } }),
    tool: "ml-actions 0.1.0",
    startedAt: finishedAt - 1000,
    finishedAt,
    runUrl: null,
  });
}

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
