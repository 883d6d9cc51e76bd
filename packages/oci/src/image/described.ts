/** What an image says of itself: its platforms, and where each keeps its model. Nothing of it is believed; it says where to
 * look, and is refused where the bytes say otherwise. */
import { posix } from "node:path";
import { z } from "zod";
import { OciError } from "../errors.ts";
import type { Descriptor, Manifest } from "../manifest.ts";
import type { Source } from "../store.ts";
import { readBlob } from "./blobs.ts";

export interface DescribedImage {
  /** `linux/amd64`. */
  platform: string;
  /** Of the platform's manifest. */
  digest: string;
  layers: readonly Descriptor[];
  labels: Readonly<Record<string, string>>;
  /** Paths in the image, without the leading slash. */
  model: string;
  contract: string;
  profile: string;
  /** MODEL_DIGEST, which the server holds the model against. */
  modelDigest: string | null;
}

const configSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  config: z.object({
    Env: z.array(z.string()).nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
});

const mostPlatforms = 20;
const mostLayers = 500;

/** Every platform of an image, or the one of a manifest. */
export async function describeImage(source: Source, digest: string): Promise<DescribedImage[]> {
  const { document } = await source.manifest(digest);
  if (document.kind === "manifest") return [await describe(source, digest, document.manifest)];
  // An entry for no platform is an attestation, as BuildKit writes them.
  const images = document.index.manifests.filter(
    ({ platform }) => platform !== undefined && platform.os !== "unknown",
  );
  if (images.length === 0 || images.length > mostPlatforms) {
    throw refused(source, digest, `is an index of ${images.length} images`);
  }
  const described: DescribedImage[] = [];
  for (const { digest: inner } of images) {
    const { document: image } = await source.manifest(inner);
    if (image.kind === "index") throw refused(source, digest, "is an index of indexes");
    described.push(await describe(source, inner, image.manifest));
  }
  return described;
}

async function describe(source: Source, digest: string, manifest: Manifest): Promise<DescribedImage> {
  if (manifest.layers.length > mostLayers) {
    throw refused(source, digest, `has ${manifest.layers.length} layers`);
  }
  const bytes = await readBlob(source, manifest.config);
  let config: z.infer<typeof configSchema>;
  try {
    config = configSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw refused(source, digest, "has no config that can be read", cause);
  }
  const environment = variables(config.config.Env ?? [], (why) => refused(source, digest, why));
  const at = (name: string, otherwise: string | null) => {
    const path = pathWithin(environment.get(name)) ?? otherwise;
    if (path !== null) return path;
    throw refused(source, digest, `does not say by ${name} where its model lies in it`);
  };
  const model = at("MODEL_URI", null);
  const beside = `${model.replace(/\.(onnx|ort)$/i, "")}.contract.json`;
  return {
    platform: `${config.os}/${config.architecture}`,
    digest,
    layers: manifest.layers,
    labels: config.config.Labels ?? {},
    model,
    contract: environment.has("CONTRACT_URI") ? at("CONTRACT_URI", null) : beside,
    profile: posix.join(posix.dirname(model), "profile.json"),
    modelDigest: environment.get("MODEL_DIGEST") ?? null,
  };
}

function variables(lines: readonly string[], refuse: (why: string) => OciError): Map<string, string> {
  const all = new Map<string, string>();
  for (const line of lines) {
    const [name = "", ...value] = line.split("=");
    // Which of the two a program sees is up to the container runtime.
    if (all.has(name)) throw refuse(`sets the variable ${JSON.stringify(name.slice(0, 100))} twice`);
    all.set(name, value.join("="));
  }
  return all;
}

/** `/model/flights.onnx` or the same with `file://` → `model/flights.onnx`; null for anything not so plain. */
function pathWithin(uri: string | undefined): string | null {
  const path = /^(?:file:\/\/)?\/((?:[A-Za-z0-9_+-][A-Za-z0-9._+-]*\/)*[A-Za-z0-9_+-][A-Za-z0-9._+-]*)$/.exec(
    uri ?? "",
  )?.[1];
  return path === undefined || path.length > 500 ? null : path;
}

function refused(source: Source, digest: string, why: string, cause?: unknown): OciError {
  return new OciError("image", `${source.name}@${digest} ${why}`, {
    cause,
    remedy:
      "Give an image that the build action made, or one whose Dockerfile sets MODEL_URI to the model's path.",
  });
}
