/** The job summary: what was built, by what name to use it, what was sent, and what comes next. */

import { duration, figure } from "@ml-actions/reports/figures";
import { cappedSections, code, details, link, table, text } from "@ml-actions/reports/summary/markdown";
import type { MadeImage } from "./appended.ts";
import type { Destination } from "./destination.ts";

export interface SummaryInput {
  name: string;
  tag: string;
  destination: Pick<Destination, "place" | "kind">;
  image: MadeImage;
  model: { file: string; digest: string; task: string };
  /** What the evidence says; null without. */
  judged: {
    result: "PASSED" | "WARNED" | "FAILED";
    gates: readonly { gate: string; observed: number | null }[];
    dataset: string | null;
  } | null;
  modelcar: { reference: string; uri: string } | null;
  source: { url: string; commit: string };
  /** The step's own id; null when the workflow gave it none. */
  stepId: string | null;
  tookMs: number;
  tool: string;
}

const kinds: Record<Destination["kind"], string> = {
  registry: "is built and pushed",
  layout: "is built into an image layout",
  kept: "is built, and nothing was sent",
};
const gatesShown = 3;
const columns = (...titles: readonly [string, "left" | "right"][]) =>
  titles.map(([title, align]) => ({ title, align }));

export function buildSummary(input: SummaryInput): string {
  const { name, tag, destination, image } = input;
  return cappedSections([
    `## 📦 ${text(name)} ${text(tag)} ${kinds[destination.kind]}`,
    fence("", `${destination.place}@${image.digest}`),
    facts(input),
    pin(input),
    next(input),
    layers(image),
    digests(input),
  ]);
}

function facts({ tag, destination, image, model, judged, modelcar, source, tookMs }: SummaryInput): string {
  const rows = [
    ["Tag", code(`${destination.place}:${tag}`, 300)],
    ["Platforms", image.platforms.map(({ platform }) => platform).join(", ")],
    ["Model", `${code(model.file, 100)} (${text(model.task)}), answers its contract's probe`],
  ];
  if (judged !== null) rows.push(["Judged", judgedText(judged)]);
  rows.push(["Base", image.base === null ? "named by the Dockerfile" : code(image.base.pin, 300)]);
  rows.push(["Commit", link(source.commit.slice(0, 12), `${source.url}/commit/${source.commit}`)]);
  if (modelcar !== null) rows.push(["Modelcar", code(modelcar.uri, 300)]);
  rows.push(["Took", `${duration(tookMs)}: ${moved(image)}`]);
  return table(columns(["", "left"], ["", "left"]), rows);
}

/** `PASSED, auc >= 0.65 (0.686) and 2 more on dataset_v20131231.parquet`. */
function judgedText({ result, gates, dataset }: NonNullable<SummaryInput["judged"]>): string {
  const shown = gates
    .slice(0, gatesShown)
    .map(
      ({ gate, observed }) =>
        `${code(gate, 100)}${observed === null ? "" : ` (${figure(observed, "none")})`}`,
    );
  const more = gates.length > gatesShown ? ` and ${gates.length - gatesShown} more` : "";
  const sign = { PASSED: "✅", WARNED: "⚠️", FAILED: "❌" }[result];
  return `${sign} ${result}: ${shown.join(", ")}${more}${dataset === null ? "" : ` on ${code(dataset, 100)}`}`;
}

/** What one push costs is what was sent; the rest lay there before. */
function moved({ layers }: MadeImage): string {
  const once = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  const bytes = (kept: (layer: MadeImage["layers"][number]) => boolean) =>
    once.filter(kept).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const [all, sent] = [bytes(() => true), bytes(({ how }) => how === "sent")];
  if (sent === all) return `${size(all)} written`;
  return sent === 0
    ? `all ${size(all)} were there`
    : `${size(sent)} of ${size(all)} written, the rest was there`;
}

function pin({ image: { base } }: SummaryInput): string | null {
  if (base === null || base.given.includes("@sha256:")) return null;
  const why =
    "**Pin the base.** It came by its tag, which may be another image tomorrow. This line keeps it:";
  return `${why}\n\n${fence("yaml", `base: ${base.pin}`)}`;
}

function next({ destination, stepId }: SummaryInput): string {
  const of = (output: string, step = stepId ?? "build") => `\${{ steps.${step}.outputs.${output} }}`;
  const id = stepId === null ? " Give this step `id: build`, so that the next ones find its outputs." : "";
  if (destination.kind === "kept") {
    const step = ["- uses: org/ml-actions/scan@v1", "  with:", `    image: ${of("image")}`];
    return `**What now:** scan it here; a build with \`push: true\` gives the same digest.${id}\n\n${fence("yaml", step.join("\n"))}`;
  }
  const step = [
    "- id: scan",
    "  uses: org/ml-actions/scan@v1",
    "  with:",
    `    image: ${of("image")}`,
    "- uses: org/ml-actions/sign@v1",
    "  with:",
    `    image: ${of("image")}`,
    "    evidence: |",
    `      ${of("provenance")}`,
    `      ${of("sbom")}`,
    `      ${of("evidence", "scan")}`,
  ];
  return `**What now:** scan it, then sign it with its evidence, that of \`eval-gate\` on a line of its own.${id}\n\n${fence("yaml", step.join("\n"))}`;
}

function layers({ layers: all }: MadeImage): string {
  const rows = all.map(({ kind, platform, sizeBytes, how, digest }) => [
    kind,
    platform ?? "all",
    size(sizeBytes),
    how,
    code(digest),
  ]);
  return details(
    `Layers (${rows.length})`,
    table(
      columns(["Layer", "left"], ["Platform", "left"], ["Size", "right"], ["", "left"], ["Digest", "left"]),
      rows,
    ),
  );
}

function digests({ image, model, modelcar, tool }: SummaryInput): string {
  const rows = [
    ["Image (index)", image.digest],
    ...image.platforms.map(({ platform, digest }) => [platform, digest]),
    ["Model", model.digest],
    ["Contract", image.contractDigest],
    ...(image.profileDigest === null ? [] : [["Profile", image.profileDigest]]),
    ["Model and contract, as evidence names them", image.releaseDigest],
    ...(image.base === null ? [] : [["Base", image.base.digest]]),
    ...(modelcar === null ? [] : [["Modelcar", modelcar.reference.split("@")[1] ?? ""]]),
  ].map(([what = "", digest = ""]) => [what, code(digest)]);
  const body = table(columns(["", "left"], ["Digest", "left"]), rows);
  return details(
    "Digests",
    `${body}\n\nBuilt by ${text(tool)}. The same inputs give the same digest on any machine.`,
  );
}

/** Only text of ours and references that were parsed come here; a fence longer than any run of backticks keeps it so. */
function fence(language: string, content: string): string {
  return `\`\`\`\`${language}\n${content}\n\`\`\`\``;
}

/** 21.3 MB: powers of ten, as registries count. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}
