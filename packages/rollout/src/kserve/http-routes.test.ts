import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Route, routeOf, shared, sharesIn } from "./http-routes.ts";
import { isHidden, routeBefore } from "./route-before.ts";

const services = { stable: "flights-predictor", candidate: "flights-candidate-predictor" };
const route = (rules: object[]): Route =>
  routeOf({
    ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" },
    metadata: { name: "flights", namespace: "models" },
    spec: { hostnames: ["flights.models.test"], parentRefs: [{ name: "lab", namespace: "gateways" }], rules },
  }) as Route;
/** As KServe 0.20 writes it. */
const generated = () =>
  route([
    {
      matches: [{ path: { type: "RegularExpression", value: "^/.*$" } }],
      filters: [
        { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "a", value: "b" }] } },
      ],
      backendRefs: [{ kind: "Service", name: services.stable, namespace: "models", port: 80, weight: 1 }],
      timeouts: { request: "60s" },
    },
  ]);
const shares = (candidatePercent: number, mirrorPercent = 0) => ({
  candidatePercent,
  mirrorPercent,
  named: null,
});

test("shares that are written are the shares that are read, for any percent and any mirror", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 100 }), (permille, mirror) => {
      const percent = permille / 10;
      const [rule] = generated().spec.rules;
      const read = sharesIn([shared(rule as never, services, shares(percent, mirror))], services);
      expect(read.candidatePercent).toBeCloseTo(percent, 3);
      expect(read.mirrorPercent).toBe(mirror);
    }),
  );
});

test("what was shared and given back leads to stable alone, with everything else as it was", () => {
  const [rule] = generated().spec.rules as [Route["spec"]["rules"][number]];
  const back = shared(shared(rule, services, shares(30, 50)), services, null);
  expect(back).toEqual(rule);
});

test("a rule that leads elsewhere is not touched", () => {
  const [rule] = route([{ backendRefs: [{ name: "others", port: 80 }] }]).spec.rules;
  expect(shared(rule as never, services, shares(50))).toBe(rule);
});

test("the route before KServe's matches all that users send, once a method, with hosts, filters and timeouts kept", () => {
  const { metadata, spec } = routeBefore(generated(), services, shares(10), {
    resource: "inferenceservice/flights",
    mark: "now",
  });
  expect(metadata.name).toBe("flights-rollout");
  const [rule] = (spec as Route["spec"]).rules;
  expect(rule?.matches.map(({ method }) => method)).toEqual(
    "GET HEAD POST PUT DELETE CONNECT OPTIONS PATCH".split(" "),
  );
  expect(new Set(rule?.matches.map(({ path }) => path?.value))).toEqual(new Set(["^/.*$"]));
  expect(rule).toMatchObject({ timeouts: { request: "60s" }, filters: [{ type: "RequestHeaderModifier" }] });
  expect(rule?.backendRefs.map(({ name, weight }) => [name, weight])).toEqual([
    [services.stable, 90],
    [services.candidate, 10],
  ]);
});

test("behind the curtain it leads where it will lead, and no request of users takes it", () => {
  const marks = { resource: "inferenceservice/flights", mark: "now" };
  const [open, hidden] = [{}, { curtain: "secret" }].map(
    (more) => routeOf(routeBefore(generated(), services, shares(10), { ...marks, ...more })) as Route,
  );
  expect([isHidden(open as Route), isHidden(hidden as Route)]).toEqual([false, true]);
  expect(hidden?.spec.rules[0]?.backendRefs).toEqual(open?.spec.rules[0]?.backendRefs);
  for (const { headers } of hidden?.spec.rules[0]?.matches ?? [])
    expect(headers).toEqual([{ type: "Exact", name: "x-ml-actions-rollout", value: "secret" }]);
});

test("where servers do not name themselves, the gateway names who it chose", () => {
  const [rule] = generated().spec.rules;
  const named = { stable: "sha256:one", candidate: "sha256:two" };
  const { backendRefs } = shared(rule as never, services, { ...shares(10), named });
  expect(JSON.stringify(backendRefs[1])).toContain('"value":"sha256:two"');
});
