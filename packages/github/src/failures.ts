/** What GitHub's refusals mean to the reader. */
import { GitHubError } from "./error.ts";

/** What was asked of GitHub, as errors name it. */
export interface Asked {
  /** `the workflow retrain.yml of org/models at main`. */
  what: string;
  /** Of `GITHUB_TOKEN`. */
  permission: string;
  kind: "workflow" | "event";
}

/** What Octokit throws for an answer that is no success. */
interface StatusError extends Error {
  status: number;
  response?: { headers?: Record<string, string | number | undefined>; data?: unknown };
}

const longestQuote = 300;

export function failureOf(error: unknown, asked: Asked): GitHubError {
  if (!isStatusError(error)) return networkFailure(error, asked);
  const { status } = error;
  const said = `GitHub answered ${status} for ${asked.what}${quoteOf(error)}`;
  const limited = status === 429 || (status === 403 && isRateLimit(error));
  if (limited) {
    return new GitHubError("rate-limited", said, "Wait for the rate limit to pass and run it again.");
  }
  const known = known4xx(asked)[status];
  if (known !== undefined) return new GitHubError(known.code, said, known.remedy);
  const remedy = "Look at https://www.githubstatus.com and run it again.";
  return new GitHubError("status", said, remedy);
}

/** 422 for a parameter that this server does not have. */
export function isUnknownParameter(error: unknown, parameter: string): boolean {
  return isStatusError(error) && error.status === 422 && error.message.includes(parameter);
}

function known4xx({
  kind,
  permission,
}: Asked): Record<number, { code: GitHubError["code"]; remedy: string }> {
  const elsewhere =
    "The `GITHUB_TOKEN` of a run is for its own repository: for another one give a token of a GitHub App or person.";
  return {
    401: { code: "unauthorized", remedy: "Give a token that is valid; left out, it is that of the run." },
    403: {
      code: "forbidden",
      remedy: `Give the job \`permissions: ${permission}\`. A pull request from a fork never has it. ${elsewhere}`,
    },
    404: {
      code: "not-found",
      remedy:
        kind === "workflow"
          ? `See that the file is in .github/workflows on the default branch, and that the token may see it (\`permissions: ${permission}\`). ${elsewhere}`
          : `Correct the repository's name, and see that the token may see it (\`permissions: ${permission}\`). ${elsewhere}`,
    },
    422: {
      code: "refused",
      remedy:
        kind === "workflow"
          ? "See that the workflow has the trigger `workflow_dispatch` on that branch or tag, is not disabled, and declares the input `evidence` (type string)."
          : "Shorten the event's name to 100 characters.",
    },
  };
}

function networkFailure(error: unknown, { what }: Asked): GitHubError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const why = name === "TimeoutError" || name === "AbortError" ? "no answer in time" : oneLine(message);
  return new GitHubError(
    "network",
    `GitHub could not be asked for ${what}: ${why}`,
    "Look whether the run was started all the same; if not, look at the network and run it again.",
    { cause: error },
  );
}

/** Octokit gives what is no answer of the server's, such as a broken connection, the status 500. */
function isStatusError(error: unknown): error is StatusError {
  return (
    error instanceof Error &&
    "status" in error &&
    typeof error.status === "number" &&
    "response" in error &&
    error.response !== undefined
  );
}

function isRateLimit(error: StatusError): boolean {
  const headers = error.response?.headers ?? {};
  return headers["retry-after"] !== undefined || String(headers["x-ratelimit-remaining"]) === "0";
}

/** What the server says, from outside: on one line, cut, and without what would pass for our own words. */
function quoteOf({ response }: StatusError): string {
  const data = response?.data;
  const said = typeof data === "object" && data !== null && "message" in data ? data.message : data;
  const text = typeof said === "string" ? oneLine(said) : "";
  return text === "" ? "" : `: ${JSON.stringify(text)}`;
}

function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > longestQuote ? `${line.slice(0, longestQuote)}…` : line;
}
