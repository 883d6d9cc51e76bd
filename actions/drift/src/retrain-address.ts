/** Where a retraining is asked for: a workflow by its file, or a repository by an event. */
import { UserError } from "@ml-actions/action-kit/action";

export interface RepositoryName {
  owner: string;
  repo: string;
}

export type RetrainAddress =
  | { kind: "workflow"; repository: RepositoryName | null; workflow: string; ref: string | null }
  | { kind: "event"; repository: RepositoryName | null; eventType: string };

/** As GitHub has them: letters, digits, `-`, and in a repository's name also `_` and `.`. */
const repository = String.raw`([A-Za-z0-9-]{1,100})/([\w.-]{1,100})`;
const workflowForm = new RegExp(
  String.raw`^(?:${repository}/)?(?:\.github/workflows/)?([\w.-]+\.ya?ml)(?:@([\w./-]{1,255}))?$`,
);
const eventForm = new RegExp(String.raw`^(?:repository_dispatch|${repository}):([\w.-]{1,100})$`);

/**
 * `retrain.yml`, `retrain.yml@main`, `org/models/retrain.yml@main`; `repository_dispatch:drift`, `org/models:drift`.
 *
 * @throws UserError
 */
export function parseRetrainAddress(given: string): RetrainAddress {
  const text = given.trim();
  const event = eventForm.exec(text);
  if (event !== null) {
    const [, owner, repo, eventType = ""] = event;
    return { kind: "event", repository: named(owner, repo), eventType };
  }
  const workflow = workflowForm.exec(text);
  if (workflow === null) {
    throw new UserError(`expected a workflow file or an event, got ${JSON.stringify(text.slice(0, 80))}`, {
      remedy:
        "Write `retrain.yml`, `retrain.yml@main`, `org/models/retrain.yml@main`, `repository_dispatch:drift` or `org/models:drift`.",
    });
  }
  const [, owner, repo, file = "", ref = null] = workflow;
  if (owner !== undefined && ref === null) {
    throw new UserError(`which branch of ${owner}/${repo} has ${file}?`, {
      remedy: `Write \`${text}@main\`, or the branch or tag that it is on.`,
    });
  }
  return { kind: "workflow", repository: named(owner, repo), workflow: file, ref };
}

function named(owner: string | undefined, repo: string | undefined): RepositoryName | null {
  return owner === undefined || repo === undefined ? null : { owner, repo };
}
