/**
 * What an image is made of, as a CycloneDX bill of materials: the model with its card, the dataset it was judged on,
 * the runtime, the server's packages, and the base. The same image and evidence give the same bytes.
 *
 * https://cyclonedx.org/docs/1.6/json/, ML-BOM: https://cyclonedx.org/capabilities/mlbom/
 */
import { canonicalJson } from "./configuration.ts";
import { sbomType } from "./predicates.ts";
import { parseJson, validate } from "./read-json.ts";
import type { Bom, BundleBom, Component } from "./sbom-format.ts";
import { bundleBom } from "./sbom-format.ts";
import { type Bundled, bundled, dependencies, refOf, refs } from "./sbom-graph.ts";
import { hexOf, npmPurl, ociPurl, sha256, uuidOf } from "./sbom-identifiers.ts";
import { type CardInput, modelCard } from "./sbom-model-card.ts";
import { type NamedDigest, statementType } from "./statement.ts";

export interface SbomInput {
  /** Of the index; `repository` null for an image in a layout, `url` null outside of a repository. */
  image: NamedDigest & { version: string; repository: string | null; revision: string; url: string | null };
  model: NamedDigest & { version: string; task: string };
  contract: NamedDigest;
  profile: NamedDigest | null;
  /** What the model was judged on, from its evidence; null without. */
  evaluation: CardInput | null;
  /** null: a Dockerfile named it, and what is inside is not known. */
  contents: {
    base: NamedDigest;
    /** null: the base does not say. */
    nodeVersion: string | null;
    runtime: readonly Package[];
    server: BundleBom;
  } | null;
  /** `ml-actions 0.1.0`. */
  tool: string;
}

/** An npm package as a lock file has it. */
export interface Package {
  name: string;
  version: string;
  /** `sha512-<base64>`, of the package's archive. */
  integrity: string;
  license: string | null;
}

export interface SbomStatement {
  _type: typeof statementType;
  subject: { name: string; digest: { sha256: string } }[];
  predicateType: typeof sbomType;
  predicate: Bom;
}

export function sbom(input: SbomInput): Bom {
  const [tool = "", version = ""] = input.tool.split(" ");
  const body = {
    metadata: {
      tools: { components: [{ type: "application" as const, name: tool, version }] },
      component: imageComponent(input),
    },
    components: [...modelComponents(input), ...contentComponents(input)],
    dependencies: dependencies(input),
    compositions: [
      { aggregate: "complete" as const, assemblies: [refs.model] },
      // The base brings packages of its own, and a Dockerfile anything: a scanner has to look inside.
      { aggregate: "incomplete" as const, assemblies: [input.contents === null ? refs.image : refs.base] },
    ],
  };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(canonicalJson(body))}`,
    version: 1,
    ...body,
  };
}

/** The bill as a statement about the image, which is what `sign` takes and cosign reads (`--type cyclonedx`). */
export function sbomStatement(bom: Bom, subject: NamedDigest): SbomStatement {
  return {
    _type: statementType,
    subject: [{ name: subject.name, digest: { sha256: hexOf(subject.digest) } }],
    predicateType: sbomType,
    predicate: bom,
  };
}

/** Canonical JSON (RFC 8785) with a newline. */
export function formatSbom(bill: Bom | SbomStatement): string {
  return `${canonicalJson(bill)}\n`;
}

/** The bill of a bundle that lies in the image. @throws EvidenceError `not-json` or `malformed` */
export function readBundleBom(text: string, place: string): BundleBom {
  const source = {
    place,
    expected: "a CycloneDX bill of a bundle",
    remedy: "It came with this release of ml-actions: fetch the release anew.",
  };
  return validate(bundleBom, parseJson(text, source), source);
}

function imageComponent({ image }: SbomInput): Component {
  const purl = image.repository === null ? undefined : ociPurl(image.repository, image.digest);
  return {
    type: "container",
    "bom-ref": refs.image,
    name: image.name,
    version: image.version,
    ...(purl === undefined ? {} : { purl }),
    hashes: [sha256(image.digest)],
    ...(image.url === null ? {} : { externalReferences: [{ type: "vcs", url: image.url }] }),
    properties: [{ name: "io.github.ml-actions.revision", value: image.revision }],
  };
}

function modelComponents({ model, contract, profile, evaluation }: SbomInput): Component[] {
  const dataset = evaluation?.dataset ?? null;
  const components: Component[] = [
    {
      type: "machine-learning-model",
      "bom-ref": refs.model,
      name: model.name,
      version: model.version,
      hashes: [sha256(model.digest)],
      modelCard: modelCard(model.task, evaluation, dataset === null ? null : refs.dataset),
    },
    file(refs.contract, contract, "How the model is asked and what it answers"),
  ];
  if (profile !== null) components.push(file(refs.profile, profile, "The data that drift is measured from"));
  if (dataset !== null) {
    components.push({
      type: "data",
      "bom-ref": refs.dataset,
      name: dataset.name,
      ...(dataset.version === null ? {} : { version: dataset.version }),
      description: "What the model was judged on",
      hashes: [sha256(dataset.digest)],
      data: [{ type: "dataset", name: dataset.name }],
    });
  }
  return components;
}

function file(ref: string, { name, digest }: NamedDigest, description: string): Component {
  return { type: "file", "bom-ref": ref, name, description, hashes: [sha256(digest)] };
}

function contentComponents({ contents, tool }: SbomInput): Component[] {
  if (contents === null) return [];
  const { base, nodeVersion, runtime, server } = contents;
  const [repository = base.name] = base.name.split("@");
  return [
    {
      type: "container",
      "bom-ref": refs.base,
      name: base.name,
      purl: ociPurl(repository, base.digest),
      hashes: [sha256(base.digest)],
    },
    {
      type: "platform",
      "bom-ref": refs.node,
      name: "node",
      ...(nodeVersion === null ? {} : { version: nodeVersion, purl: `pkg:generic/node@${nodeVersion}` }),
      description: "Comes with the base image",
    },
    ...runtime.map(packageComponent),
    {
      type: "application",
      "bom-ref": refs.server,
      name: "ml-actions-server",
      version: tool.split(" ")[1] ?? "",
      description: "Answers over HTTP with the model",
    },
    ...bundled(server, runtime).map(bundledComponent),
  ];
}

function packageComponent({ name, version, integrity, license }: Package): Component {
  return {
    type: "library",
    "bom-ref": npmPurl(name, version),
    name,
    version,
    purl: npmPurl(name, version),
    hashes: [
      { alg: "SHA-512", content: Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex") },
    ],
    ...(license === null ? {} : { licenses: [{ license: { id: license } }] }),
  };
}

function bundledComponent(component: Bundled): Component {
  const { type, group, name, version, purl, hashes, licenses } = component;
  return {
    type: type === "framework" ? "library" : type,
    "bom-ref": refOf(component),
    ...(group === undefined ? {} : { group }),
    name,
    ...(version === undefined ? {} : { version }),
    ...(purl === undefined ? {} : { purl }),
    ...(hashes === undefined ? {} : { hashes }),
    ...(licenses === undefined ? {} : { licenses }),
  };
}
