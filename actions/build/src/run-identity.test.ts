import { UserError } from "@ml-actions/action-kit/action";
import { describe, expect, it } from "vitest";
import { releaseTag, runIdentity } from "./run-identity.ts";

const github = {
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: "octo-org/flights",
  GITHUB_REF: "refs/heads/main",
  GITHUB_RUN_NUMBER: "17",
  GITHUB_RUN_ID: "1658821493",
  GITHUB_RUN_ATTEMPT: "2",
  GITHUB_SHA: "ffac537e6cbbf934b08745a378932722df287a53",
  GITHUB_WORKFLOW_REF: "octo-org/flights/.github/workflows/delivery.yml@refs/heads/main",
};

const refusal = (environment: Record<string, string | undefined>): UserError => {
  try {
    runIdentity(environment);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("who builds", () => {
  it("is read from what GitHub sets", () => {
    expect(runIdentity(github)).toEqual({
      buildNumber: "17",
      commit: github.GITHUB_SHA,
      source: { url: "https://github.com/octo-org/flights", ref: "refs/heads/main" },
      workflow: {
        repository: "https://github.com/octo-org/flights",
        path: ".github/workflows/delivery.yml",
        ref: "refs/heads/main",
      },
      builder: "https://github.com/octo-org/flights/.github/workflows/delivery.yml@refs/heads/main",
      invocation: "https://github.com/octo-org/flights/actions/runs/1658821493/attempts/2",
    });
  });

  it("keeps a tag with an @ in the workflow's ref whole", () => {
    const ref = "octo-org/flights/.github/workflows/deliver.yml@refs/tags/@octo/flights@1.0.0";
    expect(runIdentity({ ...github, GITHUB_WORKFLOW_REF: ref }).workflow).toMatchObject({
      path: ".github/workflows/deliver.yml",
      ref: "refs/tags/@octo/flights@1.0.0",
    });
  });

  it("claims no builder where nobody vouches for one", () => {
    const { builder, workflow, invocation } = runIdentity({
      ...github,
      GITHUB_WORKFLOW_REF: undefined,
      GITHUB_RUN_ID: "",
    });
    expect({ builder, workflow, invocation }).toEqual({
      builder: "https://ml-actions.github.io/build/outside-github",
      workflow: null,
      invocation: null,
    });
  });

  it("says at once all that has to be set outside of GitHub", () => {
    const { message, remedy } = refusal({});
    for (const name of ["GITHUB_RUN_NUMBER", "GITHUB_SHA", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL"]) {
      expect(message).toContain(`${name} is not set: set it to`);
    }
    expect(remedy).toMatch(/GitHub sets them all/);
  });

  it.each([
    ["GITHUB_RUN_NUMBER", "0"],
    ["GITHUB_RUN_NUMBER", "1; rm -rf /"],
    ["GITHUB_RUN_NUMBER", "9".repeat(16)],
    ["GITHUB_SHA", "ffac537"],
    ["GITHUB_SHA", "FFAC537E6CBBF934B08745A378932722DF287A53"],
    ["GITHUB_REPOSITORY", "../flights/x"],
    ["GITHUB_SERVER_URL", "javascript:alert(1)"],
    ["GITHUB_SERVER_URL", "https://user:secret@github.com\n"],
  ])("refuses %s %j", (name, value) => {
    expect(refusal({ ...github, [name]: value }).message).toContain(`${name} is ${JSON.stringify(value)}`);
  });
});

describe("the tag", () => {
  it("is major.minor.build-commit", () => {
    expect(releaseTag("1.4", runIdentity(github))).toBe("1.4.17-ffac537e6cbb");
  });
});
