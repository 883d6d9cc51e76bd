/** Opening pull requests. Asked once: one whose answer was lost is there already. */
import { failureOf } from "./failures.ts";
import { type Credentials, post, type RepositoryName, urlOf } from "./post.ts";

export interface PullRequest extends RepositoryName {
  /** The branch that holds the change, in the same repository. */
  head: string;
  /** The branch that it is for. */
  base: string;
  /** One line. */
  title: string;
  /** Markdown. */
  body: string;
}

/**
 * @returns its page; null where the server does not say
 * @throws GitHubError: none was opened, or, for `network`, nobody knows
 */
export async function openPullRequest(
  { owner, repo, head, base, title, body }: PullRequest,
  credentials: Credentials,
): Promise<{ url: string | null }> {
  const request = { owner, repo, head, base, title, body };
  const answer = await post("POST /repos/{owner}/{repo}/pulls", request, credentials).catch(
    (error: unknown) => {
      throw failureOf(error, {
        what: `a pull request of ${head} into ${base} of ${owner}/${repo}`,
        permission: "pull-requests: write",
        kind: "pull request",
      });
    },
  );
  return { url: urlOf(answer) };
}
