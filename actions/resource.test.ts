import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSelector } from "./label-selector.ts";
import { clusterTargets, kinds, parseResource } from "./resource.ts";

function problem(written: string): string {
  try {
    parseResource(written);
  } catch (error) {
    expect(error).toHaveProperty("remedy", expect.any(String));
    const { message, remedy } = error as Error & { remedy: string };
    return `${message}\n${remedy}`;
  }
  throw new Error(`${written} was taken`);
}

describe("a resource", () => {
  it.for([
    ["flights", { form: "plain", name: "flights" }],
    [" flights\n", { form: "plain", name: "flights" }],
    ["deployment/flights", { form: "named", target: "deployment", name: "flights" }],
    ["deploy/flights", { form: "named", target: "deployment", name: "flights" }],
    ["Deployments.apps/flights", { form: "named", target: "deployment", name: "flights" }],
    ["httproute/flights.v1", { form: "named", target: "gateway", name: "flights.v1" }],
    ["vs/flights", { form: "named", target: "istio", name: "flights" }],
    ["ksvc/flights", { form: "named", target: "knative", name: "flights" }],
    ["services.serving.knative.dev/flights", { form: "named", target: "knative", name: "flights" }],
    ["isvc/flights", { form: "named", target: "kserve", name: "flights" }],
    ["isvc -l team=search", { form: "selected", target: "kserve", selector: "team=search" }],
    [
      "httproutes  -l  team in (a, b),!old",
      { form: "selected", target: "gateway", selector: "team in (a,b),!old" },
    ],
    ["deploy --selector=a=b", { form: "selected", target: "deployment", selector: "a=b" }],
  ] as const)("is read from %s", ([written, meant]) => {
    const resource = parseResource(written);
    expect(resource).toMatchObject(meant);
    expect(parseResource(resource.text)).toEqual(resource);
  });

  it.for([
    ["svc/flights", /"svc" is no kind .*ksvc/],
    ["pod/flights", /"pod" is no kind of object that traffic is shifted on/],
    ["httprout/flights", /did you mean `httproute`/],
    ["service -l a=b", /ksvc/],
    ["flights -l a=b", /"flights" is no kind/],
    ["httproute/", /expected a name such as `flights`/],
    ["httproute/Flights", /"Flights" is no name of an object/],
    ["httproute/a/b", /expected a name such as/],
    ["../../etc", /expected a name such as/],
    [`httproute/${"a".repeat(254)}`, /is no name of an object/],
    ["a".repeat(64), /expected a name such as/],
    ["__proto__/flights", /expected a name such as/],
    ["constructor/flights", /"constructor" is no kind/],
    ["", /expected a name such as/],
    ["httproute -l", /expected a name such as/],
    ["httproute -l ,", /selector has a part that is no requirement: ""/],
    ["httproute -l team=a b", /no requirement: "team=a b"/],
    ["httproute -l team==a,,b", /no requirement: ""/],
    ["httproute -l team in (a", /no requirement: "team in \(a"/],
    ["httproute -l team in (a%)", /no requirement/],
    ["httproute -l a=b&limit=1", /no requirement: "a=b&limit=1"/],
    [`httproute -l ${"a,".repeat(2000)}`, /longer than 2000/],
  ] as const)("is refused: %s", ([written, reason]) => {
    expect(problem(written)).toMatch(reason);
  });

  it("is never a crash, whatever the text, and means the same when it is written again", () => {
    const pieces = [...clusterTargets.flatMap((target) => [kinds[target].word, ...kinds[target].short])];
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .tuple(fc.constantFrom(...pieces), fc.constantFrom("/", " -l ", "/../"), fc.string())
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (written) => {
        let resource: ReturnType<typeof parseResource>;
        try {
          resource = parseResource(written);
        } catch (error) {
          expect(error).toHaveProperty("remedy");
          return;
        }
        expect(parseResource(resource.text)).toEqual(resource);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a label selector", () => {
  it.for([
    ["a=b", "a=b"],
    ["a == b", "a=b"],
    ["a!=b", "a!=b"],
    ["a=", "a="],
    ["a", "a"],
    ["! a", "!a"],
    ["example.com/team notin (x , y)", "example.com/team notin (x,y)"],
    [" a=b , c in (d,e) ", "a=b,c in (d,e)"],
  ] as const)("%s", ([written, meant]) => {
    expect(parseSelector(written)).toBe(meant);
  });

  it("that is empty selects nothing", () => {
    expect(() => parseSelector(" ")).toThrow(/would select everything/);
  });
});
