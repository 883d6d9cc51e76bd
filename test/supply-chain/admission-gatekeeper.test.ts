/** The generated constraints, held by Gatekeeper itself against good and bad objects. */
import { admissionFiles } from "@ml-actions/admission";
import { policyFromInputs } from "@ml-actions/evidence/verification";
import { githubIssuer } from "@ml-actions/evidence/verification/signer-rule";
import { beforeAll, describe, expect, it } from "vitest";
import { gatorTest, type Violation } from "../components/gatekeeper.ts";

const digest = `@sha256:${"a".repeat(64)}`;
const good = `ghcr.io/octo-org/flights${digest}`;
const limits = { limits: { cpu: "500m", memory: "1Gi" } };
const container = (image: string, resources: object = limits) => ({ name: "main", image, resources });
const namespaces = [
  { name: "production", labels: { "policy.sigstore.dev/include": "true" } },
  { name: "kube-system", labels: {} },
].map((metadata) => ({ apiVersion: "v1", kind: "Namespace", metadata }));

const object = (apiVersion: string, kind: string, spec: object, namespace = "production") => ({
  apiVersion,
  kind,
  metadata: { name: kind.toLowerCase(), namespace },
  spec,
});
const template = (spec: object) => ({ template: { spec } });

/** Every way to a pod, by the pod's specification. */
const holders: Record<string, (pod: object) => object> = {
  Pod: (pod) => object("v1", "Pod", pod),
  Deployment: (pod) => object("apps/v1", "Deployment", template(pod)),
  ReplicaSet: (pod) => object("apps/v1", "ReplicaSet", template(pod)),
  StatefulSet: (pod) => object("apps/v1", "StatefulSet", template(pod)),
  DaemonSet: (pod) => object("apps/v1", "DaemonSet", template(pod)),
  Job: (pod) => object("batch/v1", "Job", template(pod)),
  CronJob: (pod) => object("batch/v1", "CronJob", { jobTemplate: { spec: template(pod) } }),
  "Knative Service": (pod) => object("serving.knative.dev/v1", "Service", template(pod)),
  "Knative Revision": (pod) => object("serving.knative.dev/v1", "Revision", pod),
  InferenceService: (pod) => object("serving.kserve.io/v1beta1", "InferenceService", { predictor: pod }),
  "InferenceService's transformer": (pod) =>
    object("serving.kserve.io/v1beta1", "InferenceService", {
      predictor: { containers: [container(good)] },
      transformer: pod,
    }),
};
const podOf = (spec: object, namespace?: string) => object("v1", "Pod", spec, namespace);
const inference = (predictor: object) =>
  object("serving.kserve.io/v1beta1", "InferenceService", { predictor });

const all = {
  latest: /^ml-actions-no-latest: /,
  digest: /^ml-actions-digest: /,
  limits: /^ml-actions-limits: /,
  registries: /^ml-actions-registries: /,
};
type Constraint = keyof typeof all;

/** What is wrong with it → the constraints that say so; all others must not. */
const bad: [string, object, Constraint[]][] = [
  ["latest", { containers: [container("ghcr.io/octo-org/flights:latest")] }, ["latest", "digest"]],
  ["neither tag nor digest", { containers: [container("ghcr.io/octo-org/flights")] }, ["latest", "digest"]],
  ["a tag alone", { containers: [container("ghcr.io/octo-org/flights:1.4.3-abc")] }, ["digest"]],
  [
    "a registry's port for a tag",
    { containers: [container("localhost:5000/flights")] },
    ["latest", "digest", "registries"],
  ],
  ["a digest cut short", { containers: [container("ghcr.io/octo-org/x@sha256:abc")] }, ["digest"]],
  [
    "a registry that begins alike",
    { containers: [container(`ghcr.io/octo-org-evil/x${digest}`)] },
    ["registries"],
  ],
  ["Docker Hub by its short name", { containers: [container(`busybox${digest}`)] }, ["registries"]],
  ["no limits", { containers: [container(good, {})] }, ["limits"]],
  ["no limit of memory", { containers: [container(good, { limits: { cpu: 1 } })] }, ["limits"]],
  ["a limit of 0", { containers: [container(good, { limits: { cpu: "0m", memory: 0 } })] }, ["limits"]],
  ["a limit of 0e3", { containers: [container(good, { limits: { cpu: 1, memory: "0e3" } })] }, ["limits"]],
  ["requests alone", { containers: [container(good, { requests: limits.limits })] }, ["limits"]],
  [
    "a bad one among the init containers",
    { containers: [container(good)], initContainers: [container("busybox:latest", {})] },
    ["latest", "digest", "limits", "registries"],
  ],
  [
    "a bad ephemeral container, which can have no limits",
    { containers: [container(good)], ephemeralContainers: [{ name: "debug", image: "busybox" }] },
    ["latest", "digest", "registries"],
  ],
];

let policies: string[];
const said = (violations: Violation[]) => violations.map((violation) => violation.said);

async function policiesOf(audit: boolean): Promise<string[]> {
  const { files } = admissionFiles({
    policy: await policyFromInputs({ require: ["eval"], identity: "me@example.com", issuer: githubIssuer }),
    sigstore: { kind: "public" },
    registries: ["ghcr.io/octo-org", "registry.example:5000/ml"],
    audit,
  });
  return files.filter(({ path }) => path.startsWith("gatekeeper/")).map(({ text }) => text);
}

beforeAll(async () => {
  policies = await policiesOf(false);
});

const violations = (...objects: object[]) => gatorTest(policies, [...namespaces, ...objects]);

describe("a pod", () => {
  it.each([
    ["named by digest", { containers: [container(good)] }],
    ["with tag and digest", { containers: [container(`ghcr.io/octo-org/flights:1.4.3${digest}`)] }],
    ["from the other registry", { containers: [container(`registry.example:5000/ml/x${digest}`)] }],
    ["with numbers for limits", { containers: [container(good, { limits: { cpu: 2, memory: 1e9 } })] }],
  ])("is admitted: %s", async (_, spec) => {
    expect(said(await violations(podOf(spec)))).toEqual([]);
  });

  it.each(bad)("is refused: %s", async (_, spec, by) => {
    const found = said(await violations(podOf(spec)));
    for (const [name, pattern] of Object.entries(all)) {
      expect(
        found.some((text) => pattern.test(text)),
        name,
      ).toBe(by.includes(name as Constraint));
    }
  });

  it("is nobody's business in a namespace that was not opted in", async () => {
    const spec = { containers: [container("busybox:latest", {})] };
    expect(said(await violations(podOf(spec, "kube-system")))).toEqual([]);
  });
});

it.each(Object.entries(holders))("%s: looks into the pods that it makes", async (_, holder) => {
  expect(said(await violations(holder({ containers: [container(good)] })))).toEqual([]);
  const found = said(await violations(holder({ containers: [container("evil.example/x:latest", {})] })));
  for (const pattern of Object.values(all))
    expect(found.filter((text) => pattern.test(text))).not.toEqual([]);
});

describe("an InferenceService that names a model", () => {
  it("needs limits, and an image only where it names one", async () => {
    const model = {
      modelFormat: { name: "onnx" },
      storageUri: `oci://ghcr.io/octo-org/flights-modelcar${digest}`,
    };
    expect(said(await violations(inference({ model: { ...model, resources: limits } })))).toEqual([]);
    expect(said(await violations(inference({ model })))).toHaveLength(2);
    const image = "evil.example/runtime:1";
    const found = said(await violations(inference({ model: { ...model, resources: limits, image } })));
    expect(found.sort()).toEqual([expect.stringMatching(all.digest), expect.stringMatching(all.registries)]);
  });

  it.each(["oci", "oci+native", "oci+fetch"])("must name its modelcar as an image: %s", async (scheme) => {
    const model = {
      modelFormat: { name: "onnx" },
      storageUri: `${scheme}://evil.example/x:latest`,
      resources: limits,
    };
    expect(said(await violations(inference({ model })))).toHaveLength(3);
  });
});

it("warns instead of refusing, where that is asked for", async () => {
  const found = await gatorTest(await policiesOf(true), [
    ...namespaces,
    podOf({ containers: [container("busybox:latest", {})] }),
  ]);
  expect(new Set(found.map(({ action }) => action))).toEqual(new Set(["warn"]));
});
