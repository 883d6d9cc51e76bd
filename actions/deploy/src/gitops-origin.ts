/** Which repository a checkout was cloned from, and which of its branches it shows: that is where a change of it goes. */
import type { Git } from "./gitops-commit.ts";

export interface Origin {
  /** On a GitHub; null: elsewhere, such as a directory. */
  repository: { host: string; owner: string; repo: string } | null;
  /** null: the checkout is of a tag or a commit. */
  base: string | null;
}

export async function originOf(git: Pick<Git, "run">): Promise<Origin> {
  const url = (await git.run(["remote", "get-url", "origin"]).catch(() => "")).trim();
  const branch = (await git.run(["symbolic-ref", "--quiet", "--short", "HEAD"]).catch(() => "")).trim();
  return { repository: repositoryOf(url), base: branch === "" ? null : branch };
}

/** `https://github.com/org/manifests.git`, `git@github.com:org/manifests`, `ssh://git@github.com/org/manifests`. */
export function repositoryOf(url: string): Origin["repository"] {
  const [, host = "", owner = "", repo = ""] =
    /^(?:https:\/\/(?:[^@/]*@)?|ssh:\/\/git@|git@)([\w.-]+(?::\d+)?)[:/]([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(
      url,
    ) ?? [];
  return repo === "" ? null : { host, owner, repo };
}
