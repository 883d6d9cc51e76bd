import { describe, expect, it } from "vitest";
import { names } from "./platform.ts";
import { candidateLabels, candidateName, resourceLabel, selects, shortened } from "./workload-labels.ts";

const resource = "deployment/flights";
const ours = { [names.side]: "candidate", [names.resource]: "deployment.flights" };

describe("names", () => {
  it("end in -candidate and fit, however long the workload's is", () => {
    expect(candidateName("flights")).toBe("flights-candidate");
    const long = candidateName("f".repeat(200));
    expect(long.length).toBeLessThanOrEqual(63);
    expect(long).not.toBe(candidateName(`${"f".repeat(200)}g`));
    expect(long).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
  });

  it("of resources are values that a label can have", () => {
    expect(resourceLabel(resource)).toBe("deployment.flights");
    expect(shortened(`${"a-".repeat(40)}b`)).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
  });
});

describe("the candidate's labels", () => {
  it("are stable's, but for those by which anything selects", () => {
    const stable = { app: "flights", team: "search", "pod-template-hash": "abc" };
    const labels = candidateLabels(stable, { app: "flights" }, [], resource);
    expect(labels).toEqual({ app: "flights-candidate", team: "search", ...ours });
  });

  it("are selected by no Service and no budget that selects stable's", () => {
    const stable = { app: "flights", team: "search", tier: "model" };
    const others = [
      { who: "Service flights", matchLabels: { app: "flights" } },
      { who: "Service search", matchLabels: { team: "search" } },
      { who: "PodDisruptionBudget models", matchLabels: { tier: "model" } },
    ];
    const labels = candidateLabels(stable, { app: "flights" }, others, resource);
    for (const { matchLabels } of others) expect(selects(matchLabels, labels)).toBe(false);
    expect(selects({ app: "flights" }, labels)).toBe(false);
  });

  it("lose a label without a value that something selects by", () => {
    const labels = candidateLabels({ app: "" }, { app: "" }, [], resource);
    expect(labels).toEqual(ours);
  });
});

it("an empty selector selects nothing", () => {
  expect(selects({}, { app: "flights" })).toBe(false);
});
