/** The job summary of a deploy of many resources: one table, what needs a person first. */

import type { WaveResource, WavesReportInput } from "../cluster-inputs.ts";
import { count, counted, duration } from "../figures.ts";
import { wavesStory } from "../story/waves.ts";
import { icons } from "../verdicts.ts";
import { cappedSections, code, details, prose, table, text } from "./markdown.ts";
import { identityDetails, opening } from "./parts.ts";

/** So many are read as a list; of more, what needs a person stands open, and all others are folded. */
const shownWhole = 20;
/** Above this a page is no longer read; the output `results` has all. */
const shownOpen = 60;
const shownFolded = 400;

const order: Readonly<Record<WaveResource["stage"], number>> = {
  failed: 0,
  restored: 1,
  held: 2,
  "not-begun": 3,
  promoted: 4,
};

export function wavesSummary(input: WavesReportInput): string {
  const { target, cluster, asked, resources, maxParallel } = input;
  const waves = Math.max(0, ...resources.map(({ wave }) => wave));
  const where = `**Where:** ${code(asked, 300)} in ${code(cluster.namespace, 80)} (${text(target, 40)}, ${code(cluster.name, 120)}) · ${counted(waves, "wave")}, at most ${count(maxParallel)} at once`;
  const rows = resources.toSorted((a, b) => order[a.stage] - order[b.stage]);
  const needing = rows.filter(({ stage }) => order[stage] < order["not-begun"]).length;
  const open = rows.length <= shownWhole ? rows.length : Math.min(needing, shownOpen);
  const rest = rows.slice(open, open + shownFolded);
  const more = rows.length - open - shownFolded;
  return cappedSections([
    opening(wavesStory(input)),
    where,
    open === 0 ? null : resourceTable(rows.slice(0, open)),
    rest.length === 0
      ? null
      : details(counted(rest.length, open === 0 ? "resource" : "other resource"), resourceTable(rest)),
    more > 0 ? `*And ${count(more)} more in the output ${code("results")}.*` : null,
    identityDetails([["candidate", input.candidate]], input.run),
  ]);
}

function resourceTable(resources: readonly WaveResource[]): string {
  const columns = [
    { title: "Resource", align: "left" },
    { title: "Wave", align: "right" },
    { title: "Stage", align: "left" },
    { title: "Verdict", align: "left" },
    { title: "Took", align: "right" },
    { title: "Verdict to 100\u00a0%", align: "right" },
    { title: "Guard", align: "left" },
    { title: "Reason", align: "left" },
  ] as const;
  const rows = resources.map((one) => [
    code(one.resource, 300),
    count(one.wave),
    `${iconOf(one)}\u00a0${one.stage.replace("-", "\u00a0")}`,
    one.verdict ?? "—",
    one.tookMs === null ? "—" : duration(one.tookMs),
    one.settledMs === null ? "—" : `${(one.settledMs / 1000).toFixed(1)}\u00a0s`,
    text(one.guard, 80) || "—",
    prose(one.reason, 300),
  ]);
  return table(columns, rows);
}

function iconOf({ stage }: WaveResource): string {
  if (stage === "promoted") return icons.pass;
  if (stage === "not-begun") return icons["not judged"];
  return stage === "held" ? icons.inconclusive : icons.fail;
}
