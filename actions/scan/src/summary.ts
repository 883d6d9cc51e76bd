/** What people read of a scan: what to upgrade to what, what is accepted until when, and what it rests on. Pure. */

import { severities } from "@ml-actions/evidence/vulnerabilities-policy";
import { duration } from "@ml-actions/reports/figures";
import {
  code,
  details,
  link,
  type MarkdownColumn,
  sections,
  table,
  text,
} from "@ml-actions/reports/summary/markdown";
import { icons } from "@ml-actions/reports/verdicts";
import type { Decision } from "./decision.ts";
import type { ImagePlatform } from "./platforms.ts";
import type { Found, PlatformReport } from "./report.ts";
import { type Upgrade, upgradesOf } from "./upgrades.ts";

export interface ScanStory {
  /** The image as it was given. */
  image: string;
  decision: Decision;
  platforms: readonly { asked: ImagePlatform; report: PlatformReport }[];
  scanner: { version: string };
  /** Milliseconds since 1970. */
  database: { updatedAt: number };
  notices: readonly string[];
  finishedAt: number;
}

const rowsShown = 200;
const idsShown = 12;

/** One sentence for the log's last line and the head of the summary. */
export function sentenceOf({ decision, platforms }: Pick<ScanStory, "decision" | "platforms">): string {
  const { verdict, blocking, doubts } = decision;
  const where = platforms.map(({ asked }) => asked.platform).join(", ");
  if (verdict === "fail") {
    const upgrades = upgradesOf(blocking);
    const fixable = upgrades.filter(({ to }) => to !== null).length;
    const todo =
      fixable === upgrades.length
        ? `${counted(fixable, "upgrade")} to make`
        : `${counted(fixable, "upgrade")} to make, ${upgrades.length - fixable} without a fix`;
    return `${counted(blocking.length, "vulnerability", "vulnerabilities")} must not go out (${where}): ${todo}`;
  }
  if (verdict === "inconclusive") return `The scan proves nothing: ${doubts.join("; ")}`;
  const packages = platforms.reduce((sum, { report }) => sum + report.packages, 0);
  const beside = decision.findings.length === 0 ? "" : ` (${besideOf(decision)})`;
  return `Nothing stands against it in ${counted(packages, "package")} of ${where}${beside}`;
}

/** What was found and does not count against it: `2 accepted, 1 of other severities`. */
function besideOf({ accepted, unfixed, minor }: Decision): string {
  const parts: [number, string][] = [
    [accepted.length, "accepted"],
    [unfixed.length, "without a fix"],
    [minor.length, "of other severities"],
  ];
  return parts.flatMap(([count, words]) => (count === 0 ? [] : [`${count} ${words}`])).join(", ");
}

export function scanSummary(story: ScanStory): string {
  const { decision, image } = story;
  return sections(
    `## ${icons[decision.verdict]} ${text(sentenceOf(story), 600)}`,
    code(image, 400),
    ...decision.doubts.map((doubt) => `**Nothing is known:** ${text(doubt, 400)}`),
    todo(
      "What to upgrade",
      decision.blocking.filter(({ fixed }) => fixed !== null),
      story,
    ),
    todo(
      "Without a fix yet",
      decision.blocking.filter(({ fixed }) => fixed === null),
      story,
    ),
    adviceOn(decision.blocking, story),
    acceptedTable(decision),
    folded("Let through by `ignore-unfixed`", decision.unfixed, story),
    folded("Of other severities", decision.minor, story),
    ...story.notices.map((notice) => `ℹ️ ${text(notice, 400)}`),
    basis(story),
  );
}

function todo(title: string, findings: readonly Found[], story: ScanStory): string | null {
  return findings.length === 0 ? null : `### ${title}\n\n${upgradeTable(findings, story)}`;
}

function folded(title: string, findings: readonly Found[], story: ScanStory): string | null {
  if (findings.length === 0) return null;
  return details(`${title.replaceAll("`", "")} (${findings.length})`, upgradeTable(findings, story));
}

function upgradeTable(findings: readonly Found[], story: ScanStory): string {
  const upgrades = upgradesOf(findings);
  const rows = upgrades
    .slice(0, rowsShown)
    .map((upgrade) => [
      `${code(upgrade.package, 100)}<br>${code(upgrade.installed, 60)}${upgrade.to === null ? "" : ` → ${code(upgrade.to, 60)}`}`,
      upgrade.severity,
      idList(upgrade.findings),
      code(placeOf(upgrade, story), 120),
      upgrade.platforms.map((platform) => code(platform, 40)).join("<br>"),
    ]);
  const hidden = upgrades.length - rows.length;
  return [
    table(columns("Package", "Severity", "Vulnerabilities", "Where", "Platforms"), rows),
    hidden > 0 ? `\n*And ${hidden} more: the evidence has all.*` : "",
  ].join("\n");
}

function idList(findings: readonly Found[]): string {
  const ids = findings.slice(0, idsShown).map(({ id, url, title }) => {
    const named = link(id.slice(0, 60), url);
    return title === null || findings.length > 3 ? named : `${named} ${text(title, 120)}`;
  });
  const more = findings.length - ids.length;
  return `${ids.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Who upgrades what is found in the layers that `build` appends, and what to do where nobody can yet. */
function adviceOn(blocking: readonly Found[], { platforms }: ScanStory): string | null {
  if (blocking.length === 0) return null;
  const isBuilt = platforms.some(({ asked }) => asked.kinds.some((kind) => kind !== null));
  const kinds = new Set(
    blocking.map(({ layer }) => {
      for (const { asked } of platforms) {
        const index = layer === null ? -1 : asked.diffIds.indexOf(layer);
        if (index >= 0) return asked.kinds[index] ?? "base";
      }
      return null;
    }),
  );
  const lines = [
    isBuilt && kinds.has("base") && "What is in the base: build on a newer one (input `base` of `build`).",
    (kinds.has("server") || kinds.has("onnxruntime")) &&
      "What is in `/app` (the layers server and onnxruntime) comes with `build`: take a newer release of ml-actions.",
    blocking.some(({ fixed }) => fixed === null) &&
      "What nobody has a fix for yet: accept it with a reason and a last day (`ignore-file`), or let all of that pass (`ignore-unfixed: true`).",
  ].filter((line) => line !== false);
  return lines.length === 0 ? null : `### What to do\n\n${lines.map((line) => `- ${line}`).join("\n")}`;
}

/** Where in the image it comes from: its file, else the layer that brought it. */
export function placeOf({ paths, layer }: Upgrade, { platforms }: Pick<ScanStory, "platforms">): string {
  const [path] = paths;
  if (path !== undefined) return paths.length > 1 ? `/${path} and ${paths.length - 1} more` : `/${path}`;
  for (const { asked } of platforms) {
    const index = layer === null ? -1 : asked.diffIds.indexOf(layer);
    if (index < 0) continue;
    const kind = asked.kinds[index];
    return `layer ${index + 1} of ${asked.diffIds.length}${kind === null || kind === undefined ? "" : ` (${kind})`}`;
  }
  return "";
}

function acceptedTable({ accepted }: Decision): string | null {
  if (accepted.length === 0) return null;
  const rows = accepted
    .slice(0, rowsShown)
    .map(({ finding, risk }) => [
      `${code(finding.package, 100)} ${code(finding.installed, 60)}`,
      finding.severity,
      link(finding.id.slice(0, 60), finding.url),
      text(risk.reason, 300),
      risk.expires,
    ]);
  return `### Accepted risks\n\n${table(columns("Package", "Severity", "Vulnerability", "Reason", "Until"), rows)}`;
}

function basis({ platforms, decision, scanner, database, finishedAt }: ScanStory): string {
  const rows = platforms.map(({ asked, report }) => [
    code(asked.platform, 40),
    code(asked.manifest.digest, 80),
    report.os === null ? "no operating system found" : text(report.os.name, 80),
    String(report.packages),
  ]);
  const counts = severities.map((name) => `${decision.counts[name]} ${name.toLowerCase()}`).join(", ");
  const age = `database ${duration(Math.max(0, finishedAt - database.updatedAt))} old`;
  return details(
    `What this rests on: Trivy ${text(scanner.version, 40)}, ${age}`,
    `${table(columns("Platform", "Manifest", "System", "Packages"), rows)}\n\nFound in all: ${counts}.`,
  );
}

const columns = (...titles: string[]): MarkdownColumn[] => titles.map((title) => ({ title, align: "left" }));

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
