import { describe, expect, it } from "vitest";
import { fitting, ownRef, ownRepository, type RetrainRequest } from "./retrain.ts";
import { alertOf } from "./testing/alert.ts";

const { drifted } = alertOf();
const request: RetrainRequest = {
  schema: "ml-actions/retrain-request/v1",
  subject: "flights",
  reference: { name: "flights.profile.json", digest: `sha256:${"1".repeat(64)}`, rows: 27_004 },
  current: { name: "yesterday.parquet", digest: `sha256:${"2".repeat(64)}`, rows: 951 },
  failed_gates: [{ gate: "psi <= 0.2", reason: "psi of temp is 1.23" }],
  drifted,
  drifted_features: 2,
  evidence: `sha256:${"3".repeat(64)}`,
  run: null,
};

describe("what is handed to a retraining", () => {
  it("is all of it where it fits", () => {
    expect(fitting(request)).toEqual(request);
  });

  it("loses the least drifted features, not the worst, where GitHub would refuse it", () => {
    const many = Array.from({ length: 500 }, (_, i) => ({
      ...(drifted[0] as (typeof drifted)[0]),
      feature: `feature ${i} ${"é".repeat(200)}`,
    }));
    const reasons = Array.from({ length: 200 }, () => ({
      gate: "g".repeat(5000),
      reason: "\u0000".repeat(9999),
    }));
    const fit = fitting({ ...request, drifted: many, drifted_features: 500, failed_gates: reasons });
    expect(JSON.stringify(fit).length).toBeLessThan(65_535);
    expect(fit.drifted_features).toBe(500);
    expect(fit.drifted.length).toBeLessThan(500);
    expect(fit.drifted).toEqual(many.slice(0, fit.drifted.length));
  });
});

describe("where it is asked for", () => {
  it("is this run's repository and branch", () => {
    expect(ownRepository({ GITHUB_REPOSITORY: "org/models" })).toEqual({ owner: "org", repo: "models" });
    const onBranch = { GITHUB_REF: "refs/heads/main", GITHUB_REF_NAME: "main" };
    expect(ownRef(onBranch, "retrain.yml")).toBe("main");
  });

  it("must be named where a run has none that a workflow can be started on", () => {
    const pull = { GITHUB_REF: "refs/pull/3/merge", GITHUB_REF_NAME: "3/merge" };
    expect(() => ownRef(pull, "retrain.yml")).toThrow(/refs\/pull\/3\/merge, where `retrain.yml` cannot/);
    expect(() => ownRef({}, "retrain.yml")).toThrow(/no branch/);
    expect(() => ownRepository({})).toThrow(/no run of GitHub's/);
  });
});
