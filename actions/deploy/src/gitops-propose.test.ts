import { startFakeGitHub } from "@ml-actions/github/testing/github";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryOf } from "./gitops-origin.ts";

const branch = "ml-actions/flights-bbbbbbbbbbbb";
const holder = "https://github.com/org/flights/actions/runs/1";
const digest = `sha256:${"b".repeat(64)}`;
const facts = {
  resources: ["httproute/flights"],
  candidate: { digest, label: "flights-2", image: `ghcr.io/org/flights@${digest}` },
  tools: "Argo CD",
  branch,
  commit: "0123456789abcdef",
  files: ["k8s/prod/flights.yaml"],
};
const origin = { repository: { host: "github.com", owner: "org", repo: "manifests" }, base: "main" };

let github: Awaited<ReturnType<typeof startFakeGitHub>>;
let propose: typeof import("./gitops-propose.ts").propose;
const before = process.env.GITHUB_API_URL;
beforeAll(async () => {
  github = await startFakeGitHub({
    ...{ token: "ghs_secret", repository: "org/manifests", workflows: {}, branches: ["main", branch] },
  });
  // @actions/github takes its base from there when it is loaded.
  process.env.GITHUB_API_URL = github.url;
  propose = (await import("./gitops-propose.ts")).propose;
});
afterAll(async () => {
  await github.close();
  if (before === undefined) delete process.env.GITHUB_API_URL;
  else process.env.GITHUB_API_URL = before;
  expect(github.faults).toEqual([]);
});

describe("a release as a pull request", () => {
  it("tells its reviewer what it is, and that nobody has judged it on live traffic", async () => {
    const page = await propose({ branch, origin }, facts, "ghs_secret", holder);
    expect(page).toBe("https://github.com/org/manifests/pull/9");
    const [{ body }] = github.received as [(typeof github.received)[number]];
    expect(body).toMatchObject({ head: branch, base: "main", title: "Deploy flights-2" });
    expect(body.body).toMatch(
      /Argo CD keeps `httproute\/flights`[\s\S]*bbbb[\s\S]*`k8s\/prod\/flights.yaml`/,
    );
    expect(body.body).toMatch(/runs\/1; how it does on live traffic nobody has seen/);
  });

  it.for([
    ["a checkout of a tag", { ...origin, base: null }, "ghs_secret", /of no branch/],
    ["an origin that is no GitHub", { ...origin, repository: null }, "ghs_secret", /no repository on GitHub/],
    ["a token that GitHub refuses", origin, "ghs_other", /answered 401/],
  ] as const)("says of %s that the branch is pushed all the same", async ([, where, token, reason]) => {
    const error = await propose({ branch, origin: where }, facts, token, holder).catch(
      (thrown: Error) => thrown,
    );
    expect((error as Error).message).toMatch(
      new RegExp(`^The branch ${branch} is pushed, and no pull request`),
    );
    expect((error as Error).message).toMatch(reason);
  });
});

it("the repository of an origin is read in all the ways that git writes it", () => {
  const expected = { host: "github.com", owner: "org", repo: "manifests" };
  for (const url of [
    "https://github.com/org/manifests",
    "https://x-access-token:secret@github.com/org/manifests.git",
    "git@github.com:org/manifests.git",
    "ssh://git@github.com/org/manifests.git",
  ])
    expect(repositoryOf(url)).toEqual(expected);
  for (const url of ["/srv/git/manifests.git", "", "https://github.com/", "file:///x/y"])
    expect(repositoryOf(url)).toBeNull();
});
