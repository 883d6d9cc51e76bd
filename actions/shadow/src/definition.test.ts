import { describe, expect, it } from "vitest";
import { flights } from "../../../test/actions/suite.ts";
import { definition } from "./definition.ts";

const image = `ghcr.io/org/flights@sha256:${"a".repeat(64)}`;
const file = flights("flights-1.onnx");
const requests = flights("live_v20131231.jsonl");

function problems(given: Record<string, string>): string[] {
  const { error } = definition.inputs.safeParse({ resource: "flights", candidate: image, ...given });
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

describe("the inputs of shadow", () => {
  it.each([
    ["an image, or a file, on local", { candidate: file }],
    ["an image beside a Deployment", { resource: "deployment/flights" }],
    ["an image on a route", { resource: "httproute/flights", percent: "50", guard: "auto" }],
    ["an image on a VirtualService", { resource: "vs/flights", prometheus: "service:mon/prometheus:9090" }],
    ["an image on an InferenceService", { resource: "isvc/flights", "guard-image": "node:24" }],
    ["a replay of what a Deployment serves", { resource: "deployment/flights", mode: "replay", requests }],
    [
      "a replay of a file against a cluster",
      { resource: "ksvc/f", mode: "replay", requests, candidate: file },
    ],
  ])("take %s", (_, given) => {
    expect(problems(given)).toEqual([]);
  });

  it.each([
    ["ksvc/flights", /^resource: is a Knative Service.*`mode: replay`/],
    ["httproute -l team=search", /^resource: selects many/],
  ])("say of %s what else there is", (resource, reason) => {
    expect(problems({ resource })).toEqual([expect.stringMatching(reason)]);
  });

  it("refuse a file where a cluster would have to pull it", () => {
    expect(problems({ resource: "httproute/flights", candidate: file })).toEqual([
      expect.stringMatching(/^candidate: is a file.*`build`/),
    ]);
  });

  it("refuse by name what belongs to another target or mode, all at once", () => {
    const found = problems({ guard: "off", namespace: "search", username: "robot", rate: "5" });
    expect(found.map((problem) => problem.split(":")[0]).sort()).toEqual([
      "guard",
      "namespace",
      "password",
      "rate",
    ]);
    expect(problems({ mode: "replay", requests, percent: "50" })).toEqual([
      expect.stringMatching(/^percent: is only for `mode: mirror`/),
    ]);
  });

  it.each(["0", "101", "1.5", "NaN", "", "1e9", "50%"])("take no share of %s", (percent) => {
    expect(problems({ resource: "httproute/flights", percent }).join()).toMatch(/^percent: /);
  });

  it.each([
    "httproute/../../secrets",
    "httproute/a\nb",
    "::set-output name=x::y",
    "__proto__/flights",
    "`rm -rf`",
  ])("refuse the hostile resource %j", (resource) => {
    expect(problems({ resource }).length).toBeGreaterThan(0);
  });
});
