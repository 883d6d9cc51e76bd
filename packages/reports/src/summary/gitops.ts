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
  /** Where a pull request of the branch is, or is opened by hand; null outside of GitHub. */
  url: string | null;
  /** It is there. */
  isOpen: boolean;
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
  isOpen,
}: GitopsReportInput): string {
  const headline =
    commit === null
      ? `The manifests say ${candidate.label} already`
      : `${candidate.label} is committed, not yet deployed`;
  const next = isOpen ? "the pull request" : "open a pull request";
  return cappedSections([
    `## ➖ ${text(headline, 300)}`,
    kept({ resources, tools }),
    `**Release:** ${identity(candidate) ?? code(candidate.label)}`,
    commit === null
      ? null
      : `**What now:** merge the branch ${code(branch, 200)} (${code(commit.slice(0, 12))})${url === null ? "" : `: ${link(next, url)}`}.\n\n${listed(files)}`,
  ]);
}

/** Of the pull request: what a reviewer needs to know, in Markdown.
 * @param by who asks for it: the run's URL */
export function gitopsBody(
  { resources, candidate, tools, files }: Omit<GitopsReportInput, "url" | "isOpen">,
  by: string,
): string {
  return cappedSections([
    kept({ resources, tools }),
    `**Release:** ${identity(candidate) ?? code(candidate.label)}`,
    listed(files),
    `Its evidence was verified by ${text(by, 300)}; how it does on live traffic nobody has seen.`,
  ]);
}

function kept({ resources, tools }: Pick<GitopsReportInput, "resources" | "tools">): string {
  const names = resources.slice(0, shownFiles).map((one) => code(one, 200));
  return `${text(tools, 100)} keeps ${names.join(", ")}${resources.length > shownFiles ? " and others" : ""} as a repository has it. No traffic was moved and nothing was judged here.`;
}

function listed(files: readonly string[]): string {
  const lines = files.slice(0, shownFiles).map((file) => `- ${code(file, 300)}`);
  if (files.length > shownFiles) lines.push(`- and ${count(files.length - shownFiles)} more`);
  return lines.join("\n");
}
