/**
 * Where a repository keeps an object whose release is to change, and the same text with another image in it. Only the
 * bytes of that one scalar change: comments, order, anchors and quotes are the author's. Pure.
 */
import { type Document, isMap, isScalar, isSeq, parseAllDocuments, type Scalar, type YAMLMap } from "yaml";
import { RolloutError } from "./error.ts";

export interface Manifest {
  /** For people, and to write it back: relative to the repository's root. */
  path: string;
  text: string;
}

/** The object that runs the release. */
export interface Wanted {
  /** Its version does not matter: `apps/v1`. */
  apiVersion: string;
  kind: string;
  name: string;
  namespace: string;
  /** Left out: the only one. */
  container?: string;
}

/** One image, or a model's address where KServe loads one, and where it is written. */
export interface WrittenImage {
  path: string;
  image: string;
  /** Of the scalar in the file's text, quotes included. */
  from: number;
  to: number;
}

/** Each use of an anchor counts; the file of a person stays far below. */
const mostAliases = 100;

/**
 * @throws RolloutError `invalid` when no file holds it, several do, or its image is not written where one can change it
 */
export function findImage(manifests: readonly Manifest[], wanted: Wanted): WrittenImage {
  const unreadable: string[] = [];
  const found = manifests.flatMap((manifest) => {
    const documents = documentsOf(manifest);
    if (documents === null) unreadable.push(manifest.path);
    return (documents ?? [])
      .flatMap(objectsIn)
      .filter((object) => isWanted(object, wanted))
      .map((object) => ({ manifest, object }));
  });
  const what = `${wanted.kind} ${wanted.name} (namespace ${wanted.namespace})`;
  const [first, ...more] = found;
  if (first === undefined) throw nowhere(what, unreadable);
  if (more.length > 0) {
    const paths = [...new Set(found.map(({ manifest }) => manifest.path))].join(", ");
    throw refused(
      `${what} is written ${found.length} times: ${paths}.`,
      "Let one file hold it, or set metadata.namespace in each so that they can be told apart.",
    );
  }
  const written = imageOf(first.object, wanted, `${what} in ${first.manifest.path}`);
  assertNotReplaced(manifests, written.image, first.manifest.path);
  return { path: first.manifest.path, ...written };
}

/** The text with that image in place of the one found. */
export function withImage({ text }: Manifest, { from, to }: WrittenImage, image: string): string {
  const [quote = ""] = /^["']/.exec(text.slice(from, to)) ?? [];
  return `${text.slice(0, from)}${quote}${image}${quote}${text.slice(to)}`;
}

/** null: it is no YAML, as a Helm template is not before it was rendered. */
function documentsOf({ text }: Manifest): Document[] | null {
  try {
    const documents = [...parseAllDocuments(text, { prettyErrors: false, stringKeys: true })];
    return documents.every(({ errors }) => errors.length === 0) ? documents : null;
  } catch {
    // The parser recurses: text nested some thousands deep ends in a RangeError.
    return null;
  }
}

/** The document's object, or those of a List. */
function objectsIn({ contents }: Document): YAMLMap[] {
  if (!isMap(contents)) return [];
  const items = contents.get("items");
  return contents.get("kind") === "List" && isSeq(items) ? items.items.filter(isMap) : [contents];
}

function isWanted(object: YAMLMap, { apiVersion, kind, name, namespace }: Wanted): boolean {
  const group = (version: unknown) => String(version).split("/").slice(0, -1).join("/");
  const written = object.getIn(["metadata", "namespace"]);
  return (
    object.get("kind") === kind &&
    group(object.get("apiVersion")) === group(apiVersion) &&
    object.getIn(["metadata", "name"]) === name &&
    // Left out, it is given where the manifests are applied.
    (written === undefined || written === namespace)
  );
}

function imageOf(object: YAMLMap, { kind, container }: Wanted, what: string): Omit<WrittenImage, "path"> {
  const address = object.getIn(["spec", "predictor", "model", "storageUri"], true);
  if (kind === "InferenceService" && isScalar(address) && isWrittenHere(address)) {
    const [from, to] = address.range;
    return { image: address.value, from, to };
  }
  const path = kind === "InferenceService" ? ["spec", "predictor"] : ["spec", "template", "spec"];
  const containers = object.getIn([...path, "containers"]);
  const all = isSeq(containers) ? containers.items.filter(isMap) : [];
  const meant = container === undefined ? all : all.filter((one) => one.get("name") === container);
  const [only, ...others] = meant;
  if (only === undefined || others.length > 0) {
    const names = all.map((one) => String(one.get("name"))).join(", ");
    throw refused(
      `${what} has ${all.length === 0 ? "no containers" : `the containers ${names}`}${container === undefined ? "" : `, none of them ${container}`}.`,
      "Name the one that serves the model (input `container`).",
    );
  }
  const image = only.get("image", true) as unknown;
  if (isScalar(image) && isWrittenHere(image)) {
    const [from, to] = image.range;
    return { image: image.value, from, to };
  }
  throw refused(
    `${what} does not write its image as one plain or quoted text.`,
    "Write `image: registry/repository@sha256:…` there, without an alias, a tag or a block.",
  );
}

function isWrittenHere(image: Scalar): image is Scalar<string> & { range: [number, number, number] } {
  const { value, type, range, anchor, tag } = image;
  const plain = type === "PLAIN" || type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
  return typeof value === "string" && value !== "" && plain && !!range && !anchor && !tag;
}

/** Kustomize would put its own image in place of ours. */
function assertNotReplaced(manifests: readonly Manifest[], image: string, path: string): void {
  const repository = image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  for (const manifest of manifests.filter((one) => /(^|\/)kustomization\.ya?ml$/i.test(one.path))) {
    const values = documentsOf(manifest)?.map((document) => document.toJS({ maxAliasCount: mostAliases }));
    const images = (values ?? []).flatMap((value: { images?: unknown } | null) => value?.images ?? []);
    if (images.some((one) => (one as { name?: unknown } | null)?.name === repository)) {
      throw refused(
        `${manifest.path} replaces the image ${repository}, so that what ${path} says is not what runs.`,
        "Write the image in the manifest alone, and take it out of the kustomization's `images`.",
      );
    }
  }
}

function nowhere(what: string, unreadable: readonly string[]): RolloutError {
  const shown = unreadable.slice(0, 5).join(", ");
  const templates =
    unreadable.length === 0
      ? ""
      : ` ${unreadable.length} of its files are no plain YAML, as templates are not: ${shown}${unreadable.length > 5 ? ", …" : ""}.`;
  return refused(
    `No manifest of this checkout holds ${what}.${templates}`,
    "Check out the repository that the tool keeps it from, with the manifest as plain YAML; where a template makes it, change the template's values yourself.",
  );
}

function refused(message: string, remedy: string): RolloutError {
  return new RolloutError("invalid", message, remedy);
}
