/** The config of an image, its manifest and its index: documents that follow from what they describe, without a clock. */
import { digestOfBytes } from "../digest.ts";
import type { Descriptor } from "../manifest.ts";
import type { BaseConfig, BasePlatform, ResolvedBase } from "./base.ts";
import type { Layer } from "./layers.ts";
import {
  imageMediaTypes,
  modelcarPaths,
  modelPath,
  ociNames,
  ownNames,
  type Platform,
  paths,
} from "./names.ts";

/** What people and registries are told of the image. */
export interface ImageFacts {
  /** The model's name: `flights`. */
  name: string;
  version: string;
  /** The repository's URL. */
  source: string;
  /** The commit. */
  revision: string;
  datasetVersion?: string;
}

export interface ContentDigests {
  modelDigest: string;
  contractDigest: string;
  profileDigest: string | null;
}

/** A document, and the descriptor that others name it by. */
export interface Made {
  bytes: Uint8Array;
  descriptor: Descriptor;
}

/** The same on every machine and day: an image is as old as what it is made from says. */
const created = "1970-01-01T00:00:00Z";
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The user `nonroot` of distroless images. By number: Kubernetes cannot tell otherwise that it is not root. */
const user = "65532:65532";

/** Labels and annotations, sorted by name. `base` null: it has no name that means anything to others. */
export function namesOf(
  facts: ImageFacts,
  digests: ContentDigests,
  base: Pick<ResolvedBase, "name" | "digest"> | null,
): Record<string, string> {
  const all: Record<string, string | null | undefined> = {
    [ociNames.title]: facts.name,
    [ociNames.version]: facts.version,
    [ociNames.source]: facts.source,
    [ociNames.revision]: facts.revision,
    [ociNames.baseName]: base?.name,
    [ociNames.baseDigest]: base?.digest,
    [ownNames.modelDigest]: digests.modelDigest,
    [ownNames.contractDigest]: digests.contractDigest,
    [ownNames.profileDigest]: digests.profileDigest,
    [ownNames.datasetVersion]: facts.datasetVersion,
  };
  return sorted(
    Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

export interface ConfigFacts {
  name: string;
  modelDigest: string;
  labels: Record<string, string>;
  /** Who answers: our server, the process that the base's config starts, or nobody (a modelcar, whose runner says what
   * to start). */
  server: "ours" | "base" | "none";
}

export function imageConfig(platform: BasePlatform, layers: readonly Layer[], facts: ConfigFacts): Made {
  const { config } = platform;
  const document = {
    created,
    architecture: config.architecture,
    os: config.os,
    ...(config.variant !== undefined && { variant: config.variant }),
    config: processConfig(config.config ?? {}, facts),
    rootfs: {
      type: "layers",
      diff_ids: [...config.rootfs.diff_ids, ...layers.map(({ diffId }) => diffId)],
    },
    history: [
      ...(config.history ?? []),
      ...layers.map(({ kind }) => ({ created, created_by: `ml-actions: ${kind}` })),
    ],
  };
  return made(document, imageMediaTypes.config);
}

function processConfig(
  { Env, Labels, ...process }: NonNullable<BaseConfig["config"]>,
  { name, modelDigest, labels, server }: ConfigFacts,
): object {
  const path = server === "none" ? modelcarPaths(name).model : modelPath(name);
  const model = { MODEL_URI: `/${path}`, MODEL_DIGEST: modelDigest };
  const allLabels = { ...baseLabels(Labels ?? {}), ...labels };
  if (server !== "ours") {
    const { Entrypoint: _e, Cmd: _c, ...idle } = process;
    return {
      ...(server === "base" ? process : idle),
      Env: environment(server === "base" ? (Env ?? []) : keptVariables(Env ?? []), model),
      Labels: allLabels,
    };
  }
  return {
    User: user,
    ExposedPorts: { "8080/tcp": {} },
    Env: environment(keptVariables(Env ?? []), {
      PATH: null,
      NODE_ENV: "production",
      PORT: "8080",
      ONNXRUNTIME: `/${paths.runtime}/onnxruntime-node`,
      ...model,
    }),
    // V8's Maglev has overwritten figures: packages/release/src/layout.ts.
    Entrypoint: ["/nodejs/bin/node", "--no-maglev", `/${paths.server}/server.js`],
    WorkingDir: `/${paths.model}`,
    Labels: allLabels,
    StopSignal: "SIGTERM",
  };
}

/** What says where things are on the base, and nothing about what runs on it. */
const variablesOfBases =
  /^(PATH|HOME|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|SSL_CERT_FILE|SSL_CERT_DIR|NODE_VERSION|NODE_EXTRA_CA_CERTS)=/;

/** Without those that would set our server (CONTRACT_URI, MAX_BODY_BYTES …), its Node (NODE_OPTIONS) or its loader
 * (LD_PRELOAD) to what their author meant for another program: who starts the container sets these. */
function keptVariables(lines: readonly string[]): string[] {
  return lines.filter((line) => variablesOfBases.test(line));
}

/** Names of the base's variables that an image with our server does not take over. */
export function droppedVariables({ platforms }: Pick<ResolvedBase, "platforms">): string[] {
  const lines = [...platforms.values()].flatMap(({ config }) => config.config?.Env ?? []);
  const dropped = lines
    .filter((line) => !variablesOfBases.test(line))
    .map((line) => line.split("=")[0] ?? "");
  return [...new Set(dropped)].sort();
}

/** The base's variables with ours set; PATH is the base's, or what Docker would give. */
function environment(base: readonly string[], ours: Record<string, string | null>): string[] {
  const variables = new Map<string, string>();
  for (const line of base) {
    const at = line.indexOf("=");
    if (at > 0) variables.set(line.slice(0, at), line.slice(at + 1));
  }
  for (const [name, value] of Object.entries(ours)) {
    if (value !== null) variables.set(name, value);
    else if (!variables.has(name)) variables.set(name, defaultPath);
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** What a base says of itself (its title, source, version) would be a lie about ours. */
function baseLabels(labels: Record<string, string>): Record<string, string> {
  return sorted(
    Object.entries(labels).filter(
      ([name]) => !/^(org\.opencontainers\.image|io\.github\.ml-actions)\./.test(name),
    ),
  );
}

export function imageManifest(
  config: Descriptor,
  layers: readonly Descriptor[],
  annotations: Record<string, string>,
): Made {
  const mediaType = imageMediaTypes.manifest;
  return made({ schemaVersion: 2, mediaType, config, layers, annotations }, mediaType);
}

export function imageIndex(
  manifests: readonly { platform: Platform; variant?: string; descriptor: Descriptor }[],
  annotations: Record<string, string>,
): Made {
  const mediaType = imageMediaTypes.index;
  const entries = manifests.map(({ platform, variant, descriptor }) => {
    const [os, architecture] = platform.split("/");
    return { ...descriptor, platform: { architecture, os, ...(variant !== undefined && { variant }) } };
  });
  return made({ schemaVersion: 2, mediaType, manifests: entries, annotations }, mediaType);
}

function made(document: object, mediaType: string): Made {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, descriptor: { mediaType, digest: digestOfBytes(bytes), size: bytes.byteLength } };
}

/** By code units, which no locale changes. */
function sorted(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
