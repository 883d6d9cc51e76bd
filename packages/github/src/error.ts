/**
 * | code | what failed | what to do |
 * |---|---|---|
 * | unauthorized | 401: no token, or one that has expired | give a token |
 * | forbidden | 403: the token may not do this | grant the permission that the message names |
 * | not-found | 404: no such repository or workflow, or one that the token may not see | correct the name, or give another token |
 * | refused | 422: the workflow does not take what was sent | declare the trigger and its inputs |
 * | rate-limited | 429, or 403 by a rate limit | wait |
 * | status | any other status that is no success | look at GitHub's status |
 * | network | no connection, or no answer in time | look at the network |
 */
export type GitHubErrorCode =
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "refused"
  | "rate-limited"
  | "status"
  | "network";

/** Never holds the token. */
export class GitHubError extends Error {
  override readonly name = "GitHubError";
  readonly code: GitHubErrorCode;
  /** What to do about it. */
  readonly remedy: string;

  constructor(code: GitHubErrorCode, message: string, remedy: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}
