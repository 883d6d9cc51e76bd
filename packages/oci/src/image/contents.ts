/** The model in an image: found and hashed in the image's own bytes, never believed from its labels. */
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { Source } from "../store.ts";
import { type DescribedImage, describeImage } from "./described.ts";
import { searchLayer } from "./layer-search.ts";
import { measured } from "./layers.ts";
import { ownNames, releaseDigest } from "./names.ts";

export interface ImageContents {
  modelDigest: string;
  contractDigest: string;
  profileDigest: string | null;
  /** What evidence made before the image speaks of: the model and its contract as one digest. */
  releaseDigest: string;
  /** Those that all platforms share. Only what stands beside a digest here has been held against the bytes. */
  labels: Readonly<Record<string, string>>;
  platforms: { platform: string; digest: string }[];
}

type Role = "model" | "contract" | "profile";
type Found = Record<Role, string | null>;

/** Passes the content of a file on, and keeps it if it wants to. */
type Saver = (role: Role, content: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** An ONNX file is one protobuf message of at most 2 GiB; the server takes contracts of up to 32 MiB. */
const mostBytes: Record<Role, number> = { model: 2 ** 31, contract: 2 ** 25, profile: 2 ** 26 };

/** Reads the model, contract and profile of an image (an index, or one platform's manifest) as streams. All platforms
 * must hold the same, and labels and MODEL_DIGEST must agree with the bytes. Rejects with `OciError`. */
export async function readContents(source: Source, digest: string): Promise<ImageContents> {
  return contentsOf(source, digest, await describeImage(source, digest), (_, content) => content);
}

export interface ExtractedModel {
  /** Paths in the directory. */
  model: string;
  contract: string;
  profile: string | null;
  contents: ImageContents;
}

/** As `readContents`, and writes these files into the directory, which is made if it is missing: whole and verified, or
 * none. Their names are the image's, which `describeImage` takes only where they are plain. */
export async function extractModel(
  source: Source,
  digest: string,
  directory: string,
): Promise<ExtractedModel> {
  await mkdir(directory, { recursive: true });
  const images = await describeImage(source, digest);
  const [first] = images as [DescribedImage];
  const part = (role: Role) => join(directory, `.${role}-${token}.part`);
  const token = randomUUID();
  const written = new Set<Role>();
  const save: Saver = (role, content) => {
    // The other platforms' copies are compared by digest.
    if (written.has(role)) return content;
    written.add(role);
    return copiedTo(part(role), content);
  };
  const target = (role: Role) => join(directory, basename(first[role]));
  try {
    const contents = await contentsOf(source, digest, images, save);
    // The model last: where it lies, its contract does too.
    for (const role of ["profile", "contract", "model"] as const) {
      if (written.has(role)) await rename(part(role), target(role));
    }
    const profile = contents.profileDigest === null ? null : target("profile");
    return { model: target("model"), contract: target("contract"), profile, contents };
  } finally {
    await Promise.all([...written].map((role) => rm(part(role), { force: true })));
  }
}

async function* copiedTo(path: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const file = await open(path, "wx", 0o644);
  try {
    for await (const chunk of content) {
      await file.writeFile(chunk);
      yield chunk;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function contentsOf(
  source: Source,
  digest: string,
  images: readonly DescribedImage[],
  save: Saver,
): Promise<ImageContents> {
  const refuse = (why: string) =>
    new OciError("image", `${source.name}@${digest} ${why}`, {
      remedy: "Do not use this image: its parts contradict each other. Build it anew.",
    });
  const search = searchOnce(source, save);
  let agreed: Found | null = null;
  for (const image of images) {
    const found = await findFiles(image, search);
    for (const role of ["model", "contract"] as const) {
      if (found[role] === null) throw refuse(`has no file ${image[role]} for ${image.platform}`);
    }
    checkWord(image, found, refuse);
    agreed ??= found;
    if (JSON.stringify(found) !== JSON.stringify(agreed)) {
      throw refuse(
        `holds another model, contract or profile for ${image.platform} than for ${images[0]?.platform}`,
      );
    }
  }
  const { model, contract, profile } = agreed as Found;
  return {
    modelDigest: model as string,
    contractDigest: contract as string,
    profileDigest: profile,
    releaseDigest: releaseDigest(model as string, contract as string),
    labels: sharedLabels(images),
    platforms: images.map(({ platform, digest: own }) => ({ platform, digest: own })),
  };
}

/** From the uppermost layer down, as a container sees them. A profile counts where the contract lies, or above it: to look
 * further would be to read the whole base for a file that may not be. */
async function findFiles(image: DescribedImage, search: Search): Promise<Found> {
  const all: Found = { model: null, contract: null, profile: null };
  const sought = new Set<Role>(["model", "contract", "profile"]);
  for (const layer of image.layers.toReversed()) {
    if (!sought.has("model") && !sought.has("contract")) break;
    const { found, hidden } = await search(layer, image, [...sought]);
    for (const role of [...sought]) {
      all[role] = found[role];
      if (found[role] !== null || hidden.has(image[role])) sought.delete(role);
    }
    if (!sought.has("contract")) sought.delete("profile");
  }
  return all;
}

type Search = (
  layer: Descriptor,
  image: DescribedImage,
  roles: readonly Role[],
) => Promise<{ found: Found; hidden: Set<string> }>;

/** Platforms share layers: each is read once. */
function searchOnce(source: Source, save: Saver): Search {
  const searched = new Map<string, ReturnType<Search>>();
  return (layer, image, roles) => {
    const key = [layer.digest, layer.mediaType, ...roles.map((role) => image[role])].join("\n");
    const known = searched.get(key) ?? searchFor(source, layer, image, roles, save);
    searched.set(key, known);
    return known;
  };
}

async function searchFor(
  source: Source,
  layer: Descriptor,
  image: DescribedImage,
  roles: readonly Role[],
  save: Saver,
): ReturnType<Search> {
  const found: Found = { model: null, contract: null, profile: null };
  const sought = roles.map((role) => ({
    path: image[role],
    mostBytes: mostBytes[role],
    take: async (content: AsyncIterable<Uint8Array>) => {
      found[role] = (await measured(save(role, content))).digest;
    },
  }));
  const hidden = await searchLayer(source, layer, sought);
  return { found, hidden };
}

/** The image's own word, where it gives it, must be the truth: the server and people go by it. */
function checkWord(image: DescribedImage, found: Found, refuse: (why: string) => OciError): void {
  const words: [string, string | null | undefined, string | null][] = [
    ["the variable MODEL_DIGEST", image.modelDigest, found.model],
    [`the label ${ownNames.modelDigest}`, image.labels[ownNames.modelDigest], found.model],
    [`the label ${ownNames.contractDigest}`, image.labels[ownNames.contractDigest], found.contract],
    [`the label ${ownNames.profileDigest}`, image.labels[ownNames.profileDigest], found.profile],
  ];
  for (const [what, said, actual] of words) {
    if (said === undefined || said === null || said === actual) continue;
    throw refuse(`says by ${what} ${JSON.stringify(said.slice(0, 100))}, but holds ${actual ?? "none"}`);
  }
}

function sharedLabels(images: readonly DescribedImage[]): Record<string, string> {
  const [first, ...others] = images;
  return Object.fromEntries(
    Object.entries(first?.labels ?? {}).filter(([name, value]) =>
      others.every(({ labels }) => Object.hasOwn(labels, name) && labels[name] === value),
    ),
  );
}
