import type { KubeObject } from "@ml-actions/cluster/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { names } from "../kubernetes/platform.ts";
import { candidateRule, policyFor } from "./policy.ts";
import { countedPath, probeRequest } from "./route-probe.ts";
import {
  candidateHost,
  httpAnnotation,
  httpWith,
  serviceOf,
  sharesOf,
  virtualServiceOf,
  weightKept,
} from "./virtual-service.ts";

type Raw = Record<string, unknown>;
const toStable = { destination: { host: "flights", port: { number: 80 } } };

function object(http: unknown[], annotations: Record<string, string> = {}): KubeObject {
  return {
    ...{ apiVersion: "networking.istio.io/v1", kind: "VirtualService" },
    metadata: { name: "flights", namespace: "ml", annotations },
    spec: { hosts: ["flights.example.com"], gateways: ["istio-system/public"], http },
  };
}
const virtual = (http: unknown[], annotations?: Record<string, string>) =>
  virtualServiceOf(object(http, annotations));
const at = (candidatePercent: number, mirrorPercent = 0) => ({ candidatePercent, mirrorPercent });

/** As it is read again after that write. */
function written(before: ReturnType<typeof virtual>, shares: ReturnType<typeof at>) {
  const kept = shares.candidatePercent > 0 ? { [names.weightBefore]: weightKept(before) } : {};
  return virtual(httpWith(before, shares), kept);
}

describe("weights", () => {
  it("are the percents of both destinations", () => {
    const [route] = httpWith(virtual([{ route: [toStable] }]), at(30)) as [Raw];
    expect(route.route).toEqual([
      { ...toStable, weight: 70 },
      { destination: { host: "flights-candidate", port: { number: 80 } }, weight: 30 },
    ]);
  });

  it("come back as they were, whatever they were, with everything else as the user wrote it", () => {
    const extras = {
      timeout: "5s",
      retries: { attempts: 2 },
      headers: { request: { set: { a: "b" } } },
      unknownField: 1,
    };
    const forms = [
      toStable,
      { ...toStable, weight: 100 },
      { ...toStable, weight: 1, headers: { response: {} } },
    ];
    const percents = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...forms), percents, (form, steps) => {
        const user = virtual([{ name: "a", ...extras, route: [form] }]);
        let present = user;
        for (const step of steps) {
          present = written(present, at(step / 100));
          expect(sharesOf(present).candidatePercent).toBe(step / 100);
        }
        expect(written(present, at(0)).http).toEqual(user.http);
      }),
    );
  });

  it("leave other http routes alone", () => {
    const other = { name: "docs", route: [{ destination: { host: "docs" } }] };
    const user = virtual([other, { name: "predict", route: [toStable] }], { [httpAnnotation]: "predict" });
    expect(httpWith(user, at(10))[0]).toEqual(other);
    expect(user.stable.host).toBe("flights");
  });

  it("keep the user's subset of stable, and name none for the candidate", () => {
    const user = virtual([
      { route: [{ destination: { host: "flights.ml.svc.cluster.local", subset: "v1" } }] },
    ]);
    const [route] = httpWith(user, at(5)) as [{ route: Raw[] }];
    expect(route.route.map(({ destination }) => destination)).toEqual([
      { host: "flights.ml.svc.cluster.local", subset: "v1" },
      { host: "flights-candidate.ml.svc.cluster.local" },
    ]);
  });
});

describe("mirror", () => {
  it("copies to the candidate, and goes without a trace", () => {
    const user = virtual([{ route: [toStable] }]);
    const mirrored = virtual(httpWith(user, at(0, 40)));
    expect(sharesOf(mirrored)).toEqual(at(0, 40));
    expect(mirrored.http[0]?.mirror).toEqual({ host: "flights-candidate", port: { number: 80 } });
    expect(httpWith(mirrored, at(0))).toEqual(user.http);
  });

  it.each([{ mirror: { host: "archive" } }, { mirrors: [{ destination: { host: "archive" } }] }])(
    "of the user's own stays, and another is refused: %j",
    (own) => {
      const user = virtual([{ ...own, route: [toStable] }]);
      expect(httpWith(user, at(10))[0]).toMatchObject(own);
      expect(() => httpWith(user, at(0, 100))).toThrow(/copies its requests already/);
    },
  );
});

describe("which http route", () => {
  it.each([
    [[], undefined, /has 0 http routes/],
    [[{ route: [toStable] }, { name: "b", route: [toStable] }], undefined, /0: flights; 1 \(b\): flights/],
    [[{ route: [toStable] }], "nobody", /no http route "nobody"/],
    [[{ route: [toStable] }], "9", /no http route "9"/],
    [[{ redirect: { uri: "/" } }], undefined, /no destination/],
    [
      [{ route: [toStable, { destination: { host: "other" }, weight: 10 }] }],
      undefined,
      /several destinations \(flights, other\)/,
    ],
    [[{ route: [{ destination: { host: "flights.other.svc" } }] }], undefined, /no Service in namespace ml/],
  ])("%j with %j is refused", (http, asked, message) => {
    expect(() => virtual(http, asked === undefined ? {} : { [httpAnnotation]: asked })).toThrow(message);
  });
});

describe("hosts", () => {
  it.each([
    ["flights", "flights", "flights-candidate"],
    ["flights.ml", "flights", "flights-candidate.ml"],
    ["flights.ml.svc.cluster.local", "flights", "flights-candidate.ml.svc.cluster.local"],
    ["flights.other", null, "flights-candidate.other"],
    ["flights.example.com", null, "flights-candidate.example.com"],
    ["*.ml", null, ""],
  ])("%s is the Service %s", (host, service, candidate) => {
    expect(serviceOf(host, "ml")).toBe(service);
    if (candidate !== "") expect(candidateHost(host)).toBe(candidate);
  });
});

describe("what the proof asks", () => {
  const route = (match: unknown[]) => virtual([{ match, route: [toStable] }]).route;
  it.each([
    [[], { path: "/ready" }],
    [[{ uri: { prefix: "/" } }], { path: "/ready" }],
    [[{ uri: { prefix: "/v1/" } }], { path: "/v1/" }],
    [[{ headers: { a: { exact: "b" } } }, { uri: { exact: "/predict" } }], { path: "/predict" }],
    [
      [{ method: { exact: "POST" }, headers: { a: { exact: "b" } } }],
      { path: "/ready", method: "POST", headers: { a: "b" } },
    ],
  ])("of %j is %j", (match, request) => {
    expect(probeRequest(route(match), "/ready")).toEqual(request);
    expect(countedPath(route(match))).not.toBe("/ready");
  });
});

describe("stable's traffic policy", () => {
  const rule = (spec: object): KubeObject => ({
    ...{
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { name: "x", namespace: "ml" },
    },
    spec,
  });
  const place = { namespace: "ml", resource: "virtualservice/flights" };
  const tls = { tls: { mode: "ISTIO_MUTUAL" } };

  it("is the candidate's too, the subset's over the rule's", () => {
    const rules = [
      rule({ host: "other", trafficPolicy: { tls: { mode: "SIMPLE" } } }),
      rule({
        ...{ host: "flights.ml.svc.cluster.local", trafficPolicy: { ...tls, outlierDetection: {} } },
        subsets: [
          { name: "v1", labels: { version: "v1" }, trafficPolicy: { outlierDetection: { interval: "1s" } } },
        ],
      }),
    ];
    const stable = { host: "flights", subset: "v1" };
    const policy = policyFor(rules, stable, "ml");
    expect(policy.labels).toEqual({ version: "v1" });
    expect(candidateRule(stable, policy, place)?.spec).toEqual({
      ...{ host: "flights-candidate", trafficPolicy: { ...tls, outlierDetection: { interval: "1s" } } },
    });
  });

  it("needs no rule where there is none, and refuses a subset that is not there", () => {
    const none = policyFor([], { host: "flights" }, "ml");
    expect(candidateRule({ host: "flights" }, none, place)).toBeNull();
    expect(() => policyFor([rule({ host: "flights" })], { host: "flights", subset: "v9" }, "ml")).toThrow(
      /subset v9/,
    );
  });
});
