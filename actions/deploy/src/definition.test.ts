import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newSigning, scratch } from "../../../test/actions/image-fixture.ts";
import { flights } from "../../../test/actions/suite.ts";
import { definition } from "./definition.ts";

const image = `ghcr.io/org/flights@sha256:${"a".repeat(64)}`;
const { key } = newSigning();
const policy = join(scratch(), "policy.yaml");
writeFileSync(policy, "require: [eval]\n");

function problems(given: Record<string, string>): string[] {
  const { error } = definition.inputs.safeParse({ resource: "flights", ...given });
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

describe("the inputs of deploy", () => {
  it("take an image with who signs its evidence, or a file alone", () => {
    expect(problems({ candidate: image, key })).toEqual([]);
    expect(problems({ candidate: image, policy })).toEqual([]);
    expect(problems({ candidate: image, key, username: "robot", password: "x" })).toEqual([]);
    expect(problems({ candidate: flights("flights-1.onnx") })).toEqual([]);
  });

  it("refuse all that asks a file for evidence, at once", () => {
    const asked = { key, policy, require: "eval", "max-age": "30d", username: "robot", password: "x" };
    const found = problems({ candidate: flights("flights-1.onnx"), ...asked });
    expect(found.map((problem) => problem.split(":")[0]).sort()).toEqual([
      "key",
      "max-age",
      "policy",
      "require",
      "username",
    ]);
    for (const problem of found) expect(problem).toContain("carries no evidence");
  });

  it("refuse an image whose evidence nobody signs, or anybody", () => {
    expect(problems({ candidate: image }).join()).toMatch(/^identity: .*neither a key nor an identity/);
    expect(problems({ candidate: image, identity: "*" }).join()).toMatch(/^identity: /);
    expect(problems({ candidate: image, key, policy }).join()).toMatch(/^key: is given beside `policy`/);
    expect(problems({ candidate: image, key, password: "x" }).join()).toMatch(/^username: is missing/);
  });
});

describe("the inputs of deploy for a cluster", () => {
  const cluster = { resource: "httproute/flights", candidate: image, key };

  it("take a kind and a name, a selector, or a name where the target is said", () => {
    const more = { namespace: "search", guard: "auto", prometheus: "service:monitoring/prometheus:9090" };
    expect(problems({ ...cluster, ...more })).toEqual([]);
    expect(problems({ ...cluster, resource: "isvc -l team=search", "max-parallel": "20" })).toEqual([]);
    expect(problems({ ...cluster, resource: "flights", target: "gateway" })).toEqual([]);
  });

  it("refuse by name what belongs to another target, all at once", () => {
    const local = { "local-port": "9000", "local-state": "/tmp/x" };
    expect(problems({ ...cluster, ...local }).map((problem) => problem.split(":")[0])).toEqual([
      "local-port",
      "local-state",
    ]);
    const given = { namespace: "search", kubeconfig: "x", guard: "off", gitops: "commit", telemetry: "pods" };
    const found = problems({ candidate: image, key, ...given });
    expect(found.map((problem) => problem.split(":")[0]).sort()).toEqual(Object.keys(given).sort());
    for (const problem of found) expect(problem).toMatch(/is for a cluster, and the target is `local`/);
  });

  it.for([
    [
      { target: "istio" },
      /^target: is `istio`, but HTTPRoutes such as `httproute\/flights` are for `gateway`/,
    ],
    [{ target: "local" }, /^target: is `local`, but HTTPRoutes/],
    [{ resource: "svc/flights" }, /^resource: "svc" is no kind/],
    [{ resource: "httproute -l a b" }, /^resource: its label selector has a part/],
    [
      { candidate: flights("flights-1.onnx"), key: "" },
      /candidate: is a file, and `httproute\/flights` is in a cluster/,
    ],
    [{ candidate: `oci:build/image@sha256:${"a".repeat(64)}` }, /^candidate: is an image in a directory/],
    [{ telemetry: "prometheus" }, /^prometheus: is missing/],
    [
      { telemetry: "pods", prometheus: "https://p.example" },
      /^prometheus: is given beside `telemetry: pods`/,
    ],
    [{ prometheus: "file:///etc/passwd" }, /^prometheus: expected a URL/],
    [{ prometheus: "https://user:secret@p.example" }, /^prometheus: expected a URL/],
    [{ queries: "error_rate: up" }, /^queries: is given without `prometheus`/],
    [{ queries: "rate(up)", prometheus: "https://p.example" }, /^queries: "rate\(up\)" is no query/],
    [{ queries: "a: up\na: down", prometheus: "https://p.example" }, /^queries: there are two queries for a/],
    [{ guard: "off", "guard-image": "node:24" }, /^guard-image: is given beside `guard: off`/],
    [{ namespace: "../kube-system" }, /^namespace: expected the name of a namespace/],
    [{ "max-parallel": "0" }, /^max-parallel: expected a whole number/],
  ] as [Record<string, string>, RegExp][])("refuse %j", ([given, reason]) => {
    const { key: _, ...withoutKey } = { ...cluster, ...given };
    expect(problems(given.key === "" ? withoutKey : { ...cluster, ...given }).join("\n")).toMatch(reason);
  });
});
