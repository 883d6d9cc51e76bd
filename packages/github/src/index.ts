export {
  type RepositoryEvent,
  type StartedRun,
  sendRepositoryEvent,
  startWorkflow,
  type WorkflowStart,
} from "./dispatch.ts";
export { GitHubError, type GitHubErrorCode } from "./error.ts";
export type { Credentials, RepositoryName } from "./post.ts";
export { openPullRequest, type PullRequest } from "./pull-request.ts";
