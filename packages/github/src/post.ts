/** One request to GitHub's API, by Octokit. */

export interface Credentials {
  /** `GITHUB_TOKEN`, or one of a GitHub App or person. */
  token: string;
  /** Gives up on an answer; default 30 s. */
  timeoutMs?: number;
}

export interface RepositoryName {
  owner: string;
  repo: string;
}

const defaultTimeoutMs = 30_000;

/** @throws what Octokit throws: see `failureOf` */
export async function post(
  route: string,
  parameters: object,
  { token, timeoutMs }: Credentials,
): Promise<unknown> {
  const { getOctokit } = await import("@actions/github");
  const signal = AbortSignal.timeout(timeoutMs ?? defaultTimeoutMs);
  // What Octokit would log of deprecations names no reader's concern.
  const octokit = getOctokit(token, { log: silent });
  const { data } = await octokit.request(route, { ...parameters, request: { signal, redirect: "manual" } });
  return data;
}

const nothing = () => {};
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The page of what was made; null where the answer has none, as with status 204. */
export function urlOf(answer: unknown): string | null {
  const url =
    typeof answer === "object" && answer !== null && "html_url" in answer ? answer.html_url : undefined;
  return typeof url === "string" && URL.canParse(url) ? url : null;
}
