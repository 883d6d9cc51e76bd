import type { KubeObject } from "@ml-actions/cluster/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { names } from "./platform.ts";
import {
  type Route,
  routeOf,
  ruleAnnotation,
  rulesWith,
  sharesOf,
  stableBackend,
  stableOf,
} from "./route.ts";
import { notTaken } from "./route-taken.ts";

type Rule = Record<string, unknown>;
const stable = "flights";
const candidate = "flights-candidate";

function object(
  rules: Rule[],
  annotations: Record<string, string> = {},
  more: Partial<KubeObject> = {},
): KubeObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "flights", namespace: "ml", generation: 3, annotations },
    spec: { parentRefs: [{ name: "public", namespace: "infra" }], rules },
    ...more,
  };
}

/** A rule with all that a user may have in it, and fields that we do not know. */
const full: Rule = {
  name: "predict",
  matches: [{ path: { type: "PathPrefix", value: "/flights" }, headers: [{ name: "x-a", value: "1" }] }],
  filters: [
    { type: "URLRewrite", urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } } },
  ],
  timeouts: { request: "5s" },
  retry: { attempts: 2 },
  backendRefs: [
    { name: stable, port: 80, filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: {} }] },
  ],
  unknownField: { kept: true },
};
const at = (rules: Rule[], candidatePercent: number, mirrorPercent = 0, annotations = {}) =>
  rulesWith(routeOf(object(rules, annotations)), {
    ...{ stable, candidate, candidatePercent, mirrorPercent, strangers: [] },
  });
const read = (rules: Rule[]) => sharesOf(routeOf(object(rules)), stable, candidate);

describe("the rule's weights", () => {
  it("are exact for every whole percent, and everything else in the rule stays", () => {
    for (let percent = 0; percent <= 100; percent++) {
      const [rule] = at([full], percent) as [Rule];
      expect(read([rule]).candidatePercent).toBe(percent);
      const { backendRefs: _, ...rest } = rule;
      const { backendRefs: __, ...before } = full;
      expect(rest).toEqual(before);
    }
  });

  it("are exact for two decimals", () => {
    expect(read(at([full], 0.25)).candidatePercent).toBe(0.25);
  });

  it("are gone with the candidate: the rule is as it was to the letter", () => {
    const annotations = { [names.weightBefore]: "none" };
    expect(at(at([full], 30, 50), 0, 0, annotations)).toEqual([full]);
    const weighted = { ...full, backendRefs: [{ name: stable, port: 80, weight: 7 }] };
    expect(at(at([weighted], 30), 0, 0, { [names.weightBefore]: "7" })).toEqual([weighted]);
  });

  it("touch no other rule", () => {
    const other = {
      name: "admin",
      backendRefs: [
        { name: "admin", port: 80, weight: 3 },
        { name: "b", port: 80 },
      ],
    };
    const rules = rulesWith(routeOf(object([other, full], { [ruleAnnotation]: "predict" })), {
      ...{ stable, candidate, candidatePercent: 10, mirrorPercent: 0, strangers: [] },
    });
    expect(rules[0]).toEqual(other);
    const refs = (rules[1] as { backendRefs: Rule[] }).backendRefs;
    expect(refs.map(({ name, weight }) => [name, weight])).toEqual([
      [stable, 90],
      [candidate, 10],
    ]);
  });

  it("give the candidate stable's own filters and port", () => {
    const [, second] = (at([full], 10)[0]?.backendRefs ?? []) as Rule[];
    expect(second).toMatchObject({ name: candidate, port: 80, filters: [{ type: "RequestHeaderModifier" }] });
  });

  it("survive whatever is written after whatever was there", () => {
    const percent = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(fc.array(fc.tuple(percent, percent), { minLength: 1, maxLength: 6 }), (steps) => {
        let rules: Rule[] = [full];
        for (const [share, mirror] of steps)
          rules = at(rules, share, mirror, { [names.weightBefore]: "none" });
        const [share, mirror] = steps.at(-1) as [number, number];
        expect(read(rules)).toMatchObject({ candidatePercent: share, mirrorPercent: mirror });
        expect(at(rules, 0, 0, { [names.weightBefore]: "none" })).toEqual([full]);
      }),
    );
  });
});

describe("the mirror", () => {
  it("is one filter more, without a percent at 100, and the user's own mirror stays", () => {
    const own = { type: "RequestMirror", requestMirror: { backendRef: { name: "audit", port: 80 } } };
    const rules = at([{ ...full, filters: [own] }], 0, 100);
    expect(rules[0]?.filters).toEqual([
      own,
      { type: "RequestMirror", requestMirror: { backendRef: { name: candidate, port: 80 } } },
    ]);
    expect(read(rules).mirrorPercent).toBe(100);
    expect(at(rules, 0, 0)[0]?.filters).toEqual([own]);
  });
});

describe("which rule is ours", () => {
  const other = { name: "admin", backendRefs: [{ name: "admin", port: 80 }] };

  it("is said by the annotation where there are several, by name or number", () => {
    expect(routeOf(object([other, full], { [ruleAnnotation]: "predict" })).index).toBe(1);
    expect(routeOf(object([other, full], { [ruleAnnotation]: "1" })).index).toBe(1);
    expect(() => routeOf(object([other, full]))).toThrow("0 (admin): admin; 1 (predict): flights");
    expect(() => routeOf(object([other, full], { [ruleAnnotation]: "7" }))).toThrow('no rule "7"');
    expect(() => routeOf(object([]))).toThrow("has 0 rules");
  });

  it("has one Service of the route's namespace", () => {
    const of = (...backendRefs: Rule[]) => stableBackend(routeOf(object([{ backendRefs }])));
    expect(of({ name: stable }).name).toBe(stable);
    expect(() => of()).toThrow("no backend");
    expect(() => of({ name: "a" }, { name: "b" })).toThrow("several backends (a, b)");
    expect(() => of({ name: "a", namespace: "other" })).toThrow("in namespace other");
    expect(() => of({ name: "a", kind: "ServiceImport", group: "x" })).toThrow("is a ServiceImport");
  });
});

describe("what others made of a rule with a candidate", () => {
  const rule = (...refs: [string, number?][]): Rule[] => [
    {
      backendRefs: refs.map(([name, weight]) => ({
        name,
        port: 80,
        ...(weight !== undefined && { weight }),
      })),
    },
  ];

  it("is a share of its own for each of their backends", () => {
    expect(read(rule([stable, 50], [candidate, 50], ["x", 100]))).toMatchObject({
      ...{ candidatePercent: 25, strangers: ["x"] },
    });
    expect(read(rule([candidate, 50]))).toMatchObject({ candidatePercent: 100, strangers: [] });
    expect(read(rule(["x"], [stable]))).toMatchObject({ candidatePercent: 0, strangers: ["x"] });
  });

  it("still says which Service is stable, while both are there", () => {
    const of = (rules: Rule[]) => stableOf(routeOf(object(rules)));
    expect(of(rule(["x"], [candidate], [stable]))).toBe(stable);
    expect(of(rule([candidate]))).toBeNull();
  });

  it("is undone by a restore: stable alone", () => {
    for (const rules of [
      rule([stable, 1], [candidate, 50], ["x", 9]),
      rule([candidate, 1]),
      rule(["x"], [candidate]),
    ]) {
      const [after] = at(rules, 0) as { backendRefs: Rule[] }[];
      expect(after?.backendRefs.map(({ name }) => name)).toEqual([stable]);
      expect(after?.backendRefs[0]?.port).toBe(80);
    }
  });
});

describe("a route is taken", () => {
  const parentRef = { name: "public", namespace: "infra" };
  const said = (...conditions: [string, string, number][]): Route =>
    routeOf(
      object(
        [full],
        {},
        {
          status: {
            parents: [
              {
                parentRef,
                conditions: conditions.map(([type, status, observedGeneration]) => ({
                  ...{ type, status, observedGeneration, message: "because" },
                })),
              },
            ],
          },
        },
      ),
    );

  it("when every parent says Accepted and ResolvedRefs of this generation", () => {
    expect(notTaken(said(["Accepted", "True", 3], ["ResolvedRefs", "True", 3]))).toBeNull();
    expect(notTaken(said(["Accepted", "True", 3], ["ResolvedRefs", "True", 2]))?.refused).toBe(false);
    expect(notTaken(said(["Accepted", "True", 3]))?.why).toContain("has not said ResolvedRefs");
    const refused = notTaken(said(["Accepted", "True", 3], ["ResolvedRefs", "False", 3]));
    expect(refused).toEqual({
      why: "Gateway infra/public says ResolvedRefs is False: because",
      refused: true,
    });
    expect(notTaken(routeOf(object([full])))?.why).toBe("Gateway infra/public has not answered");
  });
});
