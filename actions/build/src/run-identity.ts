/** Which run of which workflow builds, from which commit: what the tag, the labels and the provenance rest on. */
import { UserError } from "@ml-actions/action-kit/action";

export interface RunIdentity {
  /** Of the workflow's runs: the third part of the version. */
  buildNumber: string;
  /** The commit's full hash. */
  commit: string;
  /** The repository, and the branch or tag that was checked out of it where one is known. */
  source: { url: string; ref: string | null };
  /** The workflow whose run this is; null where the runner does not say. */
  workflow: { repository: string; path: string; ref: string } | null;
  /** For provenance: a URI of who builds. */
  builder: string;
  /** URL of this attempt; null outside of GitHub. */
  invocation: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Outside of GitHub nobody vouches for who builds. */
const unknownBuilder = "https://ml-actions.github.io/build/outside-github";
const shortCommitLength = 12;

/** @throws UserError naming every variable that is missing or wrong, and what to set */
export function runIdentity(environment: Environment): RunIdentity {
  const { GITHUB_RUN_NUMBER: buildNumber = "", GITHUB_SHA: commit = "" } = environment;
  const { GITHUB_REPOSITORY: repository = "", GITHUB_SERVER_URL: server = "" } = environment;
  const problems: string[] = [];
  if (!/^[1-9]\d{0,14}$/.test(buildNumber)) {
    problems.push(
      `GITHUB_RUN_NUMBER ${stateOf(buildNumber)}: set it to a number that rises with every build`,
    );
  }
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
    problems.push(`GITHUB_SHA ${stateOf(commit)}: set it to the commit that is built (git rev-parse HEAD)`);
  }
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    problems.push(`GITHUB_REPOSITORY ${stateOf(repository)}: set it to the repository's owner/name`);
  }
  if (!/^https?:\/\/[^\s/@]+$/.test(server)) {
    problems.push(`GITHUB_SERVER_URL ${stateOf(server)}: set it to the server's address, https://github.com`);
  }
  if (problems.length > 0) {
    throw new UserError(
      `An image names the run and the commit that it is built by:\n  ${problems.join("\n  ")}`,
      {
        remedy:
          "GitHub sets them all. Elsewhere set them before this step; they must be the truth, for tag and evidence say it.",
      },
    );
  }
  const url = `${server}/${repository}`;
  const workflow = workflowOf(environment.GITHUB_WORKFLOW_REF ?? "", server);
  const { GITHUB_RUN_ID: run = "", GITHUB_RUN_ATTEMPT: attempt = "1" } = environment;
  return {
    buildNumber,
    commit,
    source: { url, ref: environment.GITHUB_REF || null },
    workflow,
    builder: workflow === null ? unknownBuilder : `${workflow.repository}/${workflow.path}@${workflow.ref}`,
    invocation: /^\d+$/.test(run) ? `${url}/actions/runs/${run}/attempts/${attempt}` : null,
  };
}

/** `1.4.3-ffac537e6cbb`. */
export function releaseTag(version: string, { buildNumber, commit }: RunIdentity): string {
  return `${version}.${buildNumber}-${commit.slice(0, shortCommitLength)}`;
}

/** `octo-org/flights/.github/workflows/delivery.yml@refs/heads/main`; GitHub names the workflow that was called first. */
function workflowOf(text: string, server: string): RunIdentity["workflow"] {
  const match = /^([\w.-]+\/[\w.-]+)\/([^@\s]+)@(\S+)$/.exec(text);
  if (match === null) return null;
  const [, repository = "", path = "", ref = ""] = match;
  return { repository: `${server}/${repository}`, path, ref };
}

function stateOf(value: string): string {
  return value === "" ? "is not set" : `is ${JSON.stringify(value.slice(0, 80))}`;
}
