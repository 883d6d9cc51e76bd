/** deploy with `gitops: commit`: no traffic is moved here; what keeps the resources does, when the commit reaches it. */
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { gitopsSummary } from "@ml-actions/reports";
import type { Release } from "@ml-actions/rollout/target";
import type { Keeping } from "../../gitops-keeper.ts";
import type { Place } from "../../place.ts";
import type { DeployInputs, DeployOutputs } from "./definition.ts";
import { commitRelease } from "./gitops-commit.ts";

/** @throws UserError where some are kept and some are not: half of them would be rolled out, half committed */
export async function commitPlaces(
  places: readonly Place[],
  candidate: Release,
  { container }: DeployInputs,
  context: ActionContext<DeployOutputs>,
): Promise<void> {
  const free = places.filter(({ kept }) => kept === null).map(({ resource }) => resource);
  if (free.length > 0) {
    throw new UserError(`gitops: ${free.join(", ")} is kept by nobody, the other resources are.`, {
      remedy: "Deploy them in a step of their own.",
    });
  }
  const kept = places.map((place) => place.kept as Keeping);
  const { branch, commit, files } = await commitRelease({
    directory: process.cwd(),
    image: candidate.image as string,
    label: candidate.label,
    workloads: kept.flatMap(({ workloads }) =>
      workloads.map((one) => (container === undefined ? one : { ...one, container })),
    ),
    holder: context.holder,
  });
  const tools = [...new Set(kept.flatMap(({ keepers }) => keepers.map(({ tool }) => tool)))].join(", ");
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  const url =
    commit === null || !server || !repository ? null : `${server}/${repository}/compare/${branch}?expand=1`;
  const sentence =
    commit === null
      ? `The manifests say ${candidate.label} already: nothing to commit`
      : `${candidate.label} stands on the branch ${branch} (${commit.slice(0, 12)}): merge it, and ${tools} puts it into production`;
  context.output("stage", "committed");
  if (commit !== null) context.output("branch", branch);
  await context.summary(
    gitopsSummary({
      resources: places.map(({ resource }) => resource),
      candidate,
      tools,
      branch,
      commit,
      files,
      url,
    }),
  );
  context.log.notice(`${sentence}. No traffic was moved and nothing was judged here.`);
}
