import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { GitHubError } from "./error.ts";
import { type FakeGitHub, type GitHubRules, startFakeGitHub } from "./testing/github.ts";

const rules: GitHubRules = {
  token: "ghs_secret",
  repository: "org/models",
  workflows: { "retrain.yml": { refs: ["main"], inputs: ["evidence"] } },
};
const start = {
  owner: "org",
  repo: "models",
  workflow: "retrain.yml",
  ref: "main",
  inputs: { evidence: '{"drifted": []}' },
};
const credentials = { token: "ghs_secret" };

let github: FakeGitHub;
let api: typeof import("./dispatch.ts");
const before = process.env.GITHUB_API_URL;
beforeAll(async () => {
  github = await startFakeGitHub(rules);
  // @actions/github takes its base from there when it is loaded.
  process.env.GITHUB_API_URL = github.url;
  api = await import("./dispatch.ts");
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

const failure = (promise: Promise<unknown>): Promise<GitHubError> =>
  promise.then(
    () => expect.unreachable(),
    (error: GitHubError) => error,
  );

describe("starting a workflow", () => {
  it("hands over the inputs and comes back with the page of the run", async () => {
    expect(await api.startWorkflow(start, credentials)).toEqual({
      url: "https://github.com/org/models/actions/runs/7",
    });
    expect(github.received).toHaveLength(1);
    expect(github.received[0]?.body).toMatchObject({ ref: "main", inputs: start.inputs });
  });

  it("works with a server that does not tell the run", async () => {
    github.rules.older = true;
    expect(await api.startWorkflow(start, credentials)).toEqual({ url: null });
    expect(github.received.map(({ body }) => "return_run_details" in body)).toEqual([true, false]);
  });

  const cases: [string, Partial<typeof start>, GitHubRules["answer"], string, RegExp][] = [
    ["no such workflow", { workflow: "train.yml" }, undefined, "not-found", /\.github\/workflows/],
    ["no such ref", { ref: "next" }, undefined, "refused", /workflow_dispatch/],
    [
      "an input that is not declared",
      { inputs: { evidence: "", more: "" } as never },
      undefined,
      "refused",
      /input `evidence`/,
    ],
    [
      "a token that may not",
      {},
      { status: 403, body: { message: "Resource not accessible by integration" } },
      "forbidden",
      /permissions: actions: write/,
    ],
    ["too many requests", {}, { status: 429, body: { message: "slow down" } }, "rate-limited", /Wait/],
    [
      "a rate limit",
      {},
      { status: 403, body: { message: "limit" }, headers: { "x-ratelimit-remaining": "0" } },
      "rate-limited",
      /Wait/,
    ],
    [
      "a server in trouble",
      {},
      { status: 502, body: { message: "Bad\n::error::gateway" } },
      "status",
      /githubstatus/,
    ],
  ];
  it.for(cases)("says what to do about %s, and asks once", async ([, changes, answer, code, remedy]) => {
    if (answer !== undefined) github.rules.answer = answer;
    const error = await failure(api.startWorkflow({ ...start, ...changes }, credentials));
    expect(error.code).toBe(code);
    expect(error.remedy).toMatch(remedy);
    expect(error.message).toMatch(/of org\/models at/);
    expect(error.message).not.toMatch(/\n|ghs_secret/);
    expect(github.received).toHaveLength(1);
  });

  it("names a token that is not valid, without showing it", async () => {
    const error = await failure(api.startWorkflow(start, { token: "ghs_other" }));
    expect(error.code).toBe("unauthorized");
    expect(JSON.stringify([error.message, error.remedy])).not.toMatch(/ghs_other/);
  });

  it("gives up on a server that never answers, and says that the run may have started", async () => {
    github.rules.hangs = true;
    const error = await failure(api.startWorkflow(start, { ...credentials, timeoutMs: 200 }));
    expect(error.code).toBe("network");
    expect(error.remedy).toMatch(/started all the same/);
  });
});

describe("telling a repository of an event", () => {
  it("hands over the payload", async () => {
    const payload = { evidence: { drifted: ["temp"] } };
    const event = { owner: "org", repo: "models", eventType: "drift", payload };
    await api.sendRepositoryEvent(event, credentials);
    expect(github.received[0]).toMatchObject({
      path: "/repos/org/models/dispatches",
      body: { event_type: "drift", client_payload: payload },
    });
  });

  it("names the permission that it needs", async () => {
    github.rules.answer = { status: 403, body: { message: "Resource not accessible by integration" } };
    const event = { owner: "org", repo: "models", eventType: "drift", payload: {} };
    const error = await failure(api.sendRepositoryEvent(event, credentials));
    expect(error.remedy).toMatch(/contents: write/);
  });
});
