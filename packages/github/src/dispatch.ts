/**
 * Starting workflows. GitHub has two ways: `workflow_dispatch` names a workflow file and a ref and hands over inputs;
 * `repository_dispatch` tells a repository that something happened, and its workflows choose.
 *
 * Neither is asked twice: a request that came through although its answer was lost would start a second training.
 */
import { type Asked, failureOf, isUnknownParameter } from "./failures.ts";
import { type Credentials, post, type RepositoryName, urlOf } from "./post.ts";

export interface WorkflowStart extends RepositoryName {
  /** `retrain.yml`: a file in `.github/workflows`. */
  workflow: string;
  /** A branch or tag that has the workflow. */
  ref: string;
  /** At most 25, all declared by the workflow; 65,535 characters together. */
  inputs: Readonly<Record<string, string>>;
}

export interface RepositoryEvent extends RepositoryName {
  /** At most 100 characters. */
  eventType: string;
  /** At most 10 properties, less than 64 KB as JSON. */
  payload: Readonly<Record<string, unknown>>;
}

export interface StartedRun {
  /** The page of the run; null where the server does not say (GitHub Enterprise Server). */
  url: string | null;
}

/**
 * Starts a workflow that has the trigger `workflow_dispatch`.
 *
 * @throws GitHubError: nothing was started, or, for `network`, nobody knows
 */
export async function startWorkflow(start: WorkflowStart, credentials: Credentials): Promise<StartedRun> {
  const { owner, repo, workflow, ref, inputs } = start;
  const asked: Asked = {
    what: `the workflow ${workflow} of ${owner}/${repo} at ${ref}`,
    permission: "actions: write",
    kind: "workflow",
  };
  const request = { owner, repo, workflow_id: workflow, ref, inputs };
  const send = async (parameters: object) =>
    post("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", parameters, credentials);
  const answer = await send({ ...request, return_run_details: true })
    .catch((error: unknown) => {
      // An older GitHub Enterprise Server does not know the parameter, and has started nothing.
      if (isUnknownParameter(error, "return_run_details")) return send(request);
      throw error;
    })
    .catch((error: unknown) => {
      throw failureOf(error, asked);
    });
  return { url: urlOf(answer) };
}

/**
 * Tells a repository of an event, for its workflows with the trigger `repository_dispatch`. GitHub takes it whether or
 * not a workflow listens.
 *
 * @throws GitHubError: nothing was started, or, for `network`, nobody knows
 */
export async function sendRepositoryEvent(event: RepositoryEvent, credentials: Credentials): Promise<void> {
  const { owner, repo, eventType, payload } = event;
  const asked: Asked = {
    what: `the event ${eventType} to ${owner}/${repo}`,
    permission: "contents: write",
    kind: "event",
  };
  const request = { owner, repo, event_type: eventType, client_payload: payload };
  await post("POST /repos/{owner}/{repo}/dispatches", request, credentials).catch((error: unknown) => {
    throw failureOf(error, asked);
  });
}
