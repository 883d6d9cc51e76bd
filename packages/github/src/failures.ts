/** What GitHub's refusals mean to the reader. */
import { GitHubError } from "./error.ts";

/** What was asked of GitHub, as errors name it. */
export interface Asked {
  /** `the workflow retrain.yml of org/models at main`. */
  what: string;
  /** Of `GITHUB_TOKEN`. */
  permission: string;
  kind: "workflow" | "event" | "pull request";
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

const elsewhere =
  "The `GITHUB_TOKEN` of a run is for its own repository: for another one give a token of a GitHub App or person.";

function known4xx({
  kind,
  permission,
}: Asked): Record<number, { code: GitHubError["code"]; remedy: string }> {
  const { forbidden = "", missing, refused } = words[kind];
  return {
    401: { code: "unauthorized", remedy: "Give a token that is valid; left out, it is that of the run." },
    403: {
      code: "forbidden",
      remedy: `Give the job \`permissions: ${permission}\`.${forbidden} A pull request from a fork never has it. ${elsewhere}`,
    },
    404: {
      code: "not-found",
      remedy: `${missing} that the token may see it (\`permissions: ${permission}\`). ${elsewhere}`,
    },
    422: { code: "refused", remedy: refused },
  };
}

/** What differs: of 403 something more, of 404 the beginning, 422. `lost`: what a request without an answer may have
 * done. */
const words: Record<Asked["kind"], { forbidden?: string; missing: string; refused: string; lost: string }> = {
  workflow: {
    missing: "See that the file is in .github/workflows on the default branch, and",
    refused:
      "See that the workflow has the trigger `workflow_dispatch` on that branch or tag, is not disabled, and declares the input `evidence` (type string).",
    lost: "Look whether the run was started all the same; if not,",
  },
  event: {
    missing: "Correct the repository's name, and see",
    refused: "Shorten the event's name to 100 characters.",
    lost: "Look whether the run was started all the same; if not,",
  },
  "pull request": {
    forbidden:
      " The repository (and its organisation) must also have *Allow GitHub Actions to create and approve pull requests*: Settings → Actions → General.",
    missing: "Correct the repository's name, and see",
    refused: "See whether there is one already, and whether both branches are there.",
    lost: "Look whether it was opened all the same; if not,",
  },
};

function networkFailure(error: unknown, { what, kind }: Asked): GitHubError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const why = name === "TimeoutError" || name === "AbortError" ? "no answer in time" : oneLine(message);
  return new GitHubError(
    "network",
    `GitHub could not be asked for ${what}: ${why}`,
    `${words[kind].lost} look at the network and run it again.`,
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
