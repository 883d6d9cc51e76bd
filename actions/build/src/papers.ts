/** The papers of an image: where it comes from (provenance), and what it is made of (SBOM). */
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import {
  buildTypes,
  formatProvenance,
  formatSbom,
  type Package,
  provenanceStatement,
  type Resource,
  readBundleBom,
  type SbomInput,
  sbom,
  sbomStatement,
} from "@ml-actions/evidence";
import { type RecordedLayers, recordedLayers } from "@ml-actions/oci/image";
import { tool } from "../../tool.ts";
import type { MadeImage, Parts } from "./appended.ts";
import type { BuildInputs, BuildOutputs } from "./definition.ts";
import type { ModelFile } from "./model.ts";
import type { Modelcar } from "./modelcar.ts";

export interface Papers {
  provenance: string;
  sbom: string;
  cyclonedx: string;
}

type Context = ActionContext<BuildOutputs>;

/** Writes the files and sets the outputs that name them. @param startedAt ms since 1970 */
export async function writePapers(
  parts: Parts,
  image: MadeImage,
  modelcar: Modelcar | null,
  context: Context,
  startedAt: number,
): Promise<Papers> {
  const server = image.base === null ? null : await recordedLayers(context.programs.image);
  const subject = { name: parts.destination.repository ?? parts.inputs.name, digest: image.digest };
  const bill = sbom(await billInput(parts, image, server, context));
  const provenance = provenanceStatement({
    subject,
    buildType: image.base === null ? buildTypes.dockerfile : buildTypes.append,
    inputs: shownInputs(parts.inputs),
    workflow: parts.run.workflow,
    dependencies: dependenciesOf(parts, image, server),
    builder: {
      id: parts.run.builder,
      version: { "ml-actions": tool.split(" ")[1] ?? "", node: process.versions.node },
    },
    invocation: parts.run.invocation,
    startedAt,
    finishedAt: Date.now(),
    byproducts:
      modelcar === null ? [] : [{ name: "modelcar", uri: modelcar.uri, digest: digestSet(modelcar.digest) }],
  });
  const write = async (output: "provenance" | "sbom" | "cyclonedx", name: string, content: string) => {
    const path = join(context.directory, name);
    await writeFile(path, content);
    context.output(output, path);
    return path;
  };
  return {
    provenance: await write("provenance", "provenance.intoto.json", formatProvenance(provenance)),
    sbom: await write("sbom", "sbom.intoto.json", formatSbom(sbomStatement(bill, subject))),
    cyclonedx: await write("cyclonedx", "sbom.cdx.json", formatSbom(bill)),
  };
}

/** As they were given; what is no part of the image (credentials) or lies in the runner alone stays out. */
export function shownInputs(inputs: BuildInputs): Record<string, string> {
  const { username: _name, password: _secret, config: _file, ...shown } = inputs;
  return Object.fromEntries(
    Object.entries(shown).flatMap(([name, value]) => {
      if (value === undefined || (name === "base" && inputs.dockerfile !== undefined)) return [];
      return [[name, Array.isArray(value) ? value.join(",") : fromWorkspace(String(value))]];
    }),
  );
}

/** Paths in the workspace as the workflow wrote them: a runner's own folders tell nobody anything. */
function fromWorkspace(value: string): string {
  const workspace = `${process.cwd()}/`;
  return value.startsWith(workspace) ? value.slice(workspace.length) : value;
}

function dependenciesOf(
  { model, run }: Parts,
  { base, dockerfile, layers }: MadeImage,
  server: RecordedLayers | null,
): Resource[] {
  const { url, ref } = run.source;
  const file = (name: string, found: { digest: string } | null): Resource[] =>
    found === null ? [] : [{ name, digest: digestSet(found.digest) }];
  return [
    { name: "source", uri: `git+${url}${ref === null ? "" : `@${ref}`}`, digest: { gitCommit: run.commit } },
    ...(base === null ? [] : [{ name: "base", uri: imageUri(base.pin), digest: digestSet(base.digest) }]),
    ...file("model", model),
    ...file("contract", model.contractFile),
    ...file("profile", model.profile),
    ...file("evidence", model.evidence),
    ...packagesOf(server).map(({ name, version, integrity }) => ({
      name,
      uri: `pkg:npm/${name}@${version}`,
      digest: { sha512: Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex") },
    })),
    ...layers
      .filter(({ kind }) => kind === "server")
      .map(({ digest, mediaType }) => ({ name: "server", digest: digestSet(digest), mediaType })),
    ...(dockerfile === null
      ? []
      : [
          { name: "dockerfile", digest: digestSet(dockerfile.digest) },
          ...dockerfile.materials.map(materialOf),
        ]),
  ];
}

/** BuildKit names what it fetched in the words of SLSA 0.2, which had no names. */
const materialOf = ({
  uri,
  digest,
}: {
  uri: string;
  digest: Readonly<Record<string, string>>;
}): Resource => ({
  name: "material",
  uri,
  digest,
});

const digestSet = (digest: string) => ({ sha256: digest.slice("sha256:".length) });

/** `docker://` as SLSA's own examples name images; a layout by its path. */
const imageUri = (pin: string) => (pin.startsWith("oci:") ? pin.replace(/\s/g, "%20") : `docker://${pin}`);

const packagesOf = (server: RecordedLayers | null): Package[] => server?.onnxruntime.packages ?? [];

async function billInput(
  { inputs, model, run, destination }: Parts,
  image: MadeImage,
  server: RecordedLayers | null,
  { programs }: Context,
): Promise<SbomInput> {
  const { contract, contractFile, profile, evidence } = model;
  const named = ({ path, digest }: ModelFile) => ({ name: basename(path), digest });
  return {
    image: {
      name: inputs.name,
      digest: image.digest,
      version: inputs.version,
      repository: destination.repository,
      revision: run.commit,
      url: run.source.url,
    },
    model: { name: contract.model, version: contract.version, task: contract.task, digest: model.digest },
    contract: named(contractFile),
    profile: profile === null ? null : named(profile),
    evaluation: evidence?.card ?? null,
    contents:
      image.base === null || server === null
        ? null
        : {
            base: { name: image.base.pin, digest: image.base.digest },
            nodeVersion: image.base.nodeVersion,
            runtime: packagesOf(server),
            server: await bundleOf(programs.image),
          },
    tool,
  };
}

async function bundleOf(folder: string) {
  const path = join(folder, "server/server.cdx.json");
  return readBundleBom(await readFile(path, "utf8"), path);
}
