/** The job summary of a deploy that became a commit. */
import { count } from "../figures.ts";
import type { NamedRelease } from "../inputs.ts";
import { cappedSections, code, link, text } from "./markdown.ts";
import { identity } from "./parts.ts";

export interface GitopsReportInput {
  /** `httproute/flights`. */
  resources: readonly string[];
  candidate: NamedRelease;
  /** `Argo CD`. */
  tools: string;
  branch: string;
  /** null: the manifests said it already. */
  commit: string | null;
  files: readonly string[];
  /** Where a pull request of the branch is opened; null outside of GitHub. */
  url: string | null;
}

const shownFiles = 20;

export function gitopsSummary({
  resources,
  candidate,
  tools,
  branch,
  commit,
  files,
  url,
}: GitopsReportInput): string {
  const headline =
    commit === null
      ? `The manifests say ${candidate.label} already`
      : `${candidate.label} is committed, not yet deployed`;
  const names = resources.slice(0, shownFiles).map((one) => code(one, 200));
  const lines = files.slice(0, shownFiles).map((file) => `- ${code(file, 300)}`);
  if (files.length > shownFiles) lines.push(`- and ${count(files.length - shownFiles)} more`);
  return cappedSections([
    `## ➖ ${text(headline, 300)}`,
    `${text(tools, 100)} keeps ${names.join(", ")}${resources.length > shownFiles ? " and others" : ""} as a repository has it. No traffic was moved and nothing was judged here.`,
    `**Release:** ${identity(candidate) ?? code(candidate.label)}`,
    commit === null
      ? null
      : `**What now:** merge the branch ${code(branch, 200)} (${code(commit.slice(0, 12))})${url === null ? "" : `: ${link("open a pull request", url)}`}.\n\n${lines.join("\n")}`,
  ]);
}
