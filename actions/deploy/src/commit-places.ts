/** deploy with `gitops: commit` or `pull-request`: no traffic is moved here; what keeps the resources does, when the
 * commit reaches it. */
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { gitopsSummary } from "@ml-actions/reports";
import type { Release } from "@ml-actions/rollout/target";
import type { Keeping } from "../../gitops-keeper.ts";
import type { Place } from "../../place.ts";
import type { DeployInputs, DeployOutputs } from "./definition.ts";
import { type Committed, commitRelease } from "./gitops-commit.ts";
import { propose } from "./gitops-propose.ts";

/** @throws UserError where some are kept and some are not: half of them would be rolled out, half committed */
export async function commitPlaces(
  places: readonly Place[],
  candidate: Release,
  inputs: DeployInputs,
  context: ActionContext<DeployOutputs>,
): Promise<void> {
  const free = places.filter(({ kept }) => kept === null).map(({ resource }) => resource);
  if (free.length > 0) {
    throw new UserError(`gitops: ${free.join(", ")} is kept by nobody, the other resources are.`, {
      remedy: "Deploy them in a step of their own.",
    });
  }
  const kept = places.map((place) => place.kept as Keeping);
  const { container } = inputs;
  const committed = await commitRelease({
    directory: process.cwd(),
    image: candidate.image ?? candidate.model.uri,
    label: candidate.label,
    workloads: kept.flatMap(({ workloads }) =>
      workloads.map((one) => (container === undefined ? one : { ...one, container })),
    ),
    holder: context.holder,
  });
  const tools = [...new Set(kept.flatMap(({ keepers }) => keepers.map(({ tool }) => tool)))].join(", ");
  const { branch, commit, files } = committed;
  if (commit !== null) context.output("branch", branch);
  const facts = {
    resources: places.map(({ resource }) => resource),
    candidate,
    tools,
    branch,
    commit,
    files,
  };
  const proposed =
    commit !== null && inputs.gitops === "pull-request"
      ? await propose(committed, facts, inputs.token, context.holder)
      : null;
  if (proposed !== null) context.output("pull-request", proposed);
  context.output("stage", "committed");
  const url = proposed ?? compareUrl(committed);
  await context.summary(gitopsSummary({ ...facts, url, isOpen: proposed !== null }));
  const sentence =
    commit === null
      ? `The manifests say ${candidate.label} already: nothing to commit`
      : `${candidate.label} stands on the branch ${branch} (${commit.slice(0, 12)})${proposed === null ? "" : `, pull request ${proposed}`}: merge it, and ${tools} puts it into production`;
  context.log.notice(`${sentence}. No traffic was moved and nothing was judged here.`);
}

/** Where a pull request of the branch is opened by hand. */
function compareUrl({ commit, branch, origin: { repository } }: Committed): string | null {
  if (commit === null || repository === null) return null;
  const { host, owner, repo } = repository;
  return `https://${host}/${owner}/${repo}/compare/${branch}?expand=1`;
}
