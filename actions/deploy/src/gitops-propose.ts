/** The pull request of a release that became a commit. */
import { UserError } from "@ml-actions/action-kit/action";
import { openPullRequest } from "@ml-actions/github";
import { type GitopsReportInput, gitopsBody } from "@ml-actions/reports";
import type { Committed } from "./gitops-commit.ts";

/**
 * @param holder who asks for it: the run's URL
 * @returns its page
 * @throws UserError, GitHubError: the branch is pushed all the same, and says so
 */
export async function propose(
  { branch, origin: { repository, base } }: Pick<Committed, "branch" | "origin">,
  facts: Omit<GitopsReportInput, "url" | "isOpen">,
  token: string,
  holder: string,
): Promise<string> {
  const pushed = `The branch ${branch} is pushed, and no pull request was opened`;
  if (repository === null) {
    throw new UserError(`${pushed}: \`origin\` of the checkout is no repository on GitHub.`, {
      remedy: "Open it where the repository is kept, or use `gitops: commit`.",
    });
  }
  if (base === null) {
    throw new UserError(`${pushed}: the checkout is of no branch that it could be for.`, {
      remedy: "Check out the branch that the tool reads (`actions/checkout` with `ref: main`).",
    });
  }
  const { owner, repo } = repository;
  const title = `Deploy ${facts.candidate.label.replace(/\s+/g, " ").slice(0, 60)}`;
  const body = gitopsBody(facts, holder);
  const { url } = await openPullRequest({ owner, repo, head: branch, base, title, body }, { token }).catch(
    (cause: Error & { remedy?: string }) => {
      throw new UserError(`${pushed}: ${cause.message}`, {
        cause,
        ...(cause.remedy === undefined
          ? {}
          : { remedy: `${cause.remedy} Then delete the branch and run this again, or open it by hand.` }),
      });
    },
  );
  return url ?? `https://${repository.host}/${owner}/${repo}/pulls`;
}
