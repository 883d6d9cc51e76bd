import type { KubeObject } from "@ml-actions/cluster/types";
import { describe, expect, it } from "vitest";
import type { Release } from "../target.ts";
import { memoAnnotation } from "./memo.ts";
import { type Revision, revisionOf, serviceOf, serviceRef } from "./service.ts";
import { asksFor, candidateTemplate, formerTemplate, replacedOf, servingIndex } from "./template.ts";
import { leftBehind, stateOf, viewOf } from "./view.ts";

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;
const releaseOf = (digit: string): Release => {
  const image = `registry/flights@${digestOf(digit)}`;
  const model = { digest: digestOf(digit), uri: image, contract: image };
  return { digest: digestOf(digit), label: `flights-${digit}`, model, image };
};
const ref = serviceRef("ml", "flights");
const image = (digit: string) => releaseOf(digit).image as string;
const annotated = (digit: string) => ({ "ml-actions.github.io/release": JSON.stringify(releaseOf(digit)) });

function service(spec: object, status: object = {}, annotations: Record<string, string> = {}) {
  const metadata = { name: "flights", namespace: "ml", generation: 1, annotations };
  const template = { spec: { containers: [{ image: image("1") }] } };
  return serviceOf(
    { ...ref, metadata, spec: { template, ...spec }, status: { observedGeneration: 1, ...status } },
    ref,
  );
}

function revision(name: string, digit: string, annotations: Record<string, string> = {}): Revision {
  return revisionOf({
    apiVersion: "serving.knative.dev/v1",
    kind: "Revision",
    metadata: { name, namespace: "ml", annotations },
    spec: { containers: [{ image: image(digit) }] },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  } as KubeObject);
}

const memo = {
  ...{ stable: "flights-00001", empty: false, candidate: "flights-00002" as string | null, replicas: 1 },
  ...{ traffic: null, template: { name: null, image: image("1"), release: null, env: null } },
};
const noted = (more: object = {}) => ({ [memoAnnotation]: JSON.stringify({ ...memo, ...more }) });
const two = [revision("flights-00001", "1"), revision("flights-00002", "2", annotated("2"))];

describe("what a Knative Service says of a rollout", () => {
  it("has the Revision with the traffic as stable, whatever is latest", () => {
    const traffic = [{ revisionName: "flights-00001", percent: 100 }];
    const status = {
      traffic,
      latestReadyRevisionName: "flights-00002",
      latestCreatedRevisionName: "flights-00002",
    };
    const state = stateOf(viewOf(service({ traffic }, status), two));
    expect(state.stable?.release.digest).toBe(digestOf("1"));
    expect(state.candidate).toBeNull();
  });

  it("is empty while no Revision was ever ready", () => {
    const status = { latestCreatedRevisionName: "flights-00001" };
    expect(stateOf(viewOf(service({}, status), two.slice(0, 1))).stable).toBeNull();
  });

  it("has the share that is routed, not the one that is asked for", () => {
    const block = (percent: number) => [
      { revisionName: "flights-00001", percent: 100 - percent },
      { revisionName: "flights-00002", percent },
    ];
    const status = { traffic: block(10), latestReadyRevisionName: "flights-00002" };
    expect(viewOf(service({ traffic: block(50) }, status, noted()), two).candidatePercent).toBe(10);
    const stale = { ...status, observedGeneration: 0 };
    expect(viewOf(service({ traffic: block(50) }, stale, noted()), two).candidatePercent).toBe(50);
  });

  it("has an adopted candidate as both sides, so that whoever takes up ends the promotion", () => {
    const traffic = [{ revisionName: "flights-00002", percent: 100 }];
    const view = viewOf(service({ traffic }, { traffic }, noted({ stable: "flights-00002" })), two);
    const { stable, candidate, candidatePercent } = stateOf(view);
    expect([stable?.release.digest, candidate?.release.digest]).toEqual([digestOf("2"), digestOf("2")]);
    expect(candidatePercent).toBe(0);
  });

  it.each([
    ["no JSON", "{"],
    ["another's", JSON.stringify({ stable: "flights-00001" })],
    ["a prototype", '{"__proto__":{"stable":"x"}}'],
  ])("refuses a memo that is %s", (_, text) => {
    expect(() => viewOf(service({}, {}, { [memoAnnotation]: text }), two)).toThrow(
      /does not say what a rollout left/,
    );
  });

  it("refuses a rollout whose stable is gone", () => {
    expect(() => viewOf(service({}, {}, noted({ stable: "flights-00009" })), two)).toThrow(/flights-00009/);
  });

  it("leaves behind only Revisions of ours that are newer than stable, other than it, and named nowhere", () => {
    const all = [...two, revision("flights-00003", "3"), revision("flights-00004", "1", annotated("1"))];
    const traffic = [{ revisionName: "flights-00001", percent: 100 }];
    const status = {
      traffic,
      latestCreatedRevisionName: "flights-00004",
      latestReadyRevisionName: "flights-00004",
    };
    expect(
      leftBehind(viewOf(service({ traffic }, status), all), all[0] as Revision).map(({ name }) => name),
    ).toEqual(["flights-00002"]);
    const tagged = [...traffic, { revisionName: "flights-00002", tag: "keep" }];
    expect(leftBehind(viewOf(service({ traffic: tagged }, status), all), all[0] as Revision)).toEqual([]);
  });
});

describe("the template", () => {
  const template = {
    metadata: { name: "flights-v1", annotations: { team: "ml" } },
    spec: {
      timeoutSeconds: 30,
      containers: [
        { name: "sidecar", image: "sidecar" },
        {
          name: "server",
          image: image("1"),
          ports: [{ containerPort: 8080 }],
          env: [{ name: "MODE", value: "x" }],
        },
      ],
    },
  };
  /** As the API merges it: lists whole, null removes. */
  const merged = (base: unknown, patch: unknown): unknown => {
    if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
    const result: Record<string, unknown> = typeof base === "object" && base !== null ? { ...base } : {};
    for (const [key, value] of Object.entries(patch)) {
      if (value === null) delete result[key];
      else result[key] = merged(result[key], value);
    }
    return result;
  };

  it("comes back to the letter after a candidate", () => {
    const former = replacedOf(template, 1);
    const changed = merged(template, candidateTemplate(template, 1, releaseOf("2"))) as typeof template;
    expect(changed.metadata).not.toHaveProperty("name");
    expect(changed.spec.containers[1]?.image).toBe(image("2"));
    expect(changed.spec.containers[0]).toEqual(template.spec.containers[0]);
    expect(changed.spec.containers[1]?.env).toContainEqual({ name: "ML_RELEASE", value: digestOf("2") });
    expect(asksFor({ spec: { template: changed } }, 1, releaseOf("2"))).toBe(true);
    expect(merged(changed, formerTemplate(changed, 1, former))).toEqual(template);
  });

  it("has one container that serves, or says which there are", () => {
    expect(servingIndex(template.spec.containers, "flights")).toBe(1);
    expect(servingIndex(template.spec.containers, "flights", "sidecar")).toBe(0);
    expect(() => servingIndex(template.spec.containers, "flights", "nobody")).toThrow(
      /there is sidecar, server/,
    );
    expect(() => servingIndex([{ image: "a" }, { image: "b" }], "flights")).toThrow(
      /Nothing says which container/,
    );
  });
});
