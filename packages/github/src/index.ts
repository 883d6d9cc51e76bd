export {
  type Credentials,
  type RepositoryEvent,
  type RepositoryName,
  type StartedRun,
  sendRepositoryEvent,
  startWorkflow,
  type WorkflowStart,
} from "./dispatch.ts";
export { GitHubError, type GitHubErrorCode } from "./error.ts";
