import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { GitHubError } from "./error.ts";
import { type FakeGitHub, type GitHubRules, startFakeGitHub } from "./testing/github.ts";

const head = "ml-actions/flights-bbbbbbbbbbbb";
const rules: GitHubRules = {
  token: "ghs_secret",
  repository: "org/manifests",
  workflows: {},
  branches: ["main", head],
};
const request = {
  ...{ owner: "org", repo: "manifests", head, base: "main" },
  ...{ title: "Deploy flights-2", body: "What for.\n" },
};
const credentials = { token: "ghs_secret" };

let github: FakeGitHub;
let open: typeof import("./pull-request.ts").openPullRequest;
const before = process.env.GITHUB_API_URL;
beforeAll(async () => {
  github = await startFakeGitHub(rules);
  // @actions/github takes its base from there when it is loaded.
  process.env.GITHUB_API_URL = github.url;
  open = (await import("./pull-request.ts")).openPullRequest;
});
beforeEach(() => {
  github.rules = { ...rules };
  github.received.length = 0;
});
afterAll(async () => {
  await github.close();
  if (before === undefined) delete process.env.GITHUB_API_URL;
  else process.env.GITHUB_API_URL = before;
  expect(github.faults).toEqual([]);
});

describe("opening a pull request", () => {
  it("comes back with its page", async () => {
    expect(await open(request, credentials)).toEqual({ url: "https://github.com/org/manifests/pull/9" });
    const { owner: _, repo: __, ...body } = request;
    expect(github.received).toMatchObject([{ path: "/repos/org/manifests/pulls", body }]);
  });

  const cases: [string, Partial<GitHubRules>, string, RegExp][] = [
    ["one that is there already", { open: [head] }, "refused", /one already/],
    ["a branch that is not there", { branches: [head] }, "refused", /both branches/],
    [
      "a repository that lets no workflow open any",
      {
        answer: { status: 403, body: { message: "GitHub Actions is not permitted to create pull requests" } },
      },
      "forbidden",
      /pull-requests: write[\s\S]*Settings → Actions/,
    ],
    ["a repository that is not there", { repository: "org/other" }, "not-found", /repository's name/],
    ["a token of nobody", { token: "ghs_other" }, "unauthorized", /valid/],
  ];
  it.for(cases)("says what to do about %s, and asks once", async ([, changes, code, remedy]) => {
    Object.assign(github.rules, changes);
    const error = (await open(request, credentials).catch((thrown: unknown) => thrown)) as GitHubError;
    expect(error.code).toBe(code);
    expect(error.remedy).toMatch(remedy);
    expect(error.message).not.toMatch(/\n|ghs_secret/);
    expect(github.received).toHaveLength(1);
  });
});
