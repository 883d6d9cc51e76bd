import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findImage, type Manifest, withImage } from "./gitops-commit.ts";

const image = `ghcr.io/org/flights@sha256:${"b".repeat(64)}`;
const wanted = { apiVersion: "apps/v1", kind: "Deployment", name: "flights", namespace: "search" };

const deployment = (written: string, more = "") => `# who serves
apiVersion: apps/v1
kind: Deployment
metadata: { name: flights, namespace: search } # one line
spec:
  replicas: 3   # by hand
  template:
    spec:
      containers:
        - name: server
          image:   ${written}   # the model
          ports: [{containerPort: 8080}]
${more}`;

const service = "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: flights\n---\n";

function change(manifests: readonly Manifest[], which: Parameters<typeof findImage>[1] = wanted) {
  const found = findImage(manifests, which);
  const manifest = manifests.find(({ path }) => path === found.path) as Manifest;
  return { ...found, text: withImage(manifest, found, image) };
}

describe("the image in a repository's manifest", () => {
  it.for([
    ["ghcr.io/org/flights:1.0", image],
    ['"ghcr.io/org/flights:1.0"', `"${image}"`],
    ["'ghcr.io/org/flights@sha256:00'", `'${image}'`],
  ])("is changed where it is written, and nothing else: %s", ([written, now]) => {
    const text = `${service}${deployment(written as string)}---\n{}\n`;
    const changed = change([
      { path: "README.yaml", text: "just: text" },
      { path: "k8s/all.yaml", text },
    ]);
    expect(changed.path).toBe("k8s/all.yaml");
    expect(changed.text).toBe(text.replace(written as string, now as string));
  });

  it("keeps every other byte, whatever stands around it", () => {
    const comment = fc.string({ unit: "grapheme" }).map((any) => any.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " "));
    fc.assert(
      fc.property(fc.array(comment), fc.constantFrom("\n", "\r\n"), (comments, end) => {
        const lines = comments.map((any) => `# ${any}`).join("\n");
        const text = `${lines}\n${deployment("old:1")}${lines}\n`.replaceAll("\n", end);
        expect(change([{ path: "a.yaml", text }]).text).toBe(text.replace("old:1", image));
      }),
    );
  });

  it("is found in a List, and of a Knative Service and an InferenceService", () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${deployment("old:1").replaceAll("\n", "\n  ")}`;
    expect(change([{ path: "a.yaml", text: list }]).text).toContain(image);
    const ksvc = deployment("old:1")
      .replace("apps/v1", "serving.knative.dev/v1")
      .replace("Deployment", "Service");
    const found = change([{ path: "a.yaml", text: `${service}${ksvc}` }], {
      ...wanted,
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
    });
    expect(found.image).toBe("old:1");
    const isvc = `apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: flights}\nspec:\n  predictor:\n    containers:\n    - image: old:1\n`;
    const kserve = { ...wanted, apiVersion: "serving.kserve.io/v1beta1", kind: "InferenceService" };
    expect(change([{ path: "a.yaml", text: isvc }], kserve).text).toContain(`image: ${image}\n`);
  });

  it("is that of the container that is named", () => {
    const text = deployment("old:1", "        - name: proxy\n          image: envoy:1\n");
    expect(() => change([{ path: "a.yaml", text }])).toThrow(/containers server, proxy/);
    expect(change([{ path: "a.yaml", text }], { ...wanted, container: "proxy" }).image).toBe("envoy:1");
    expect(() => change([{ path: "a.yaml", text }], { ...wanted, container: "x" })).toThrow(/none of them x/);
  });

  it.for([
    ["no file", [], /No manifest of this checkout holds Deployment flights/],
    ["another namespace", [deployment("old:1").replace("search", "other")], /No manifest/],
    ["two files", [deployment("old:1"), deployment("old:2")], /is written 2 times: f0.yaml, f1.yaml/],
    ["a template", ["image: {{ .Values.image }}\n: :"], /1 of its files are no plain YAML.*f0.yaml/],
    ["an alias", [`x: &image old:1\n---\n${deployment("*image")}`], /no plain YAML|does not write its image/],
    ["a block", [deployment("|-\n            old:1\n")], /does not write its image/],
    ["a number", [deployment("1")], /does not write its image/],
    ["an anchor", [deployment("&i old:1")], /does not write its image/],
    ["deep nesting", ["[".repeat(20_000)], /no plain YAML/],
  ] as const)("is refused with %s", ([, texts, reason]) => {
    const manifests = texts.map((text, index) => ({ path: `f${index}.yaml`, text }));
    expect(() => change(manifests)).toThrow(reason);
  });

  it("is refused where Kustomize would put another in its place", () => {
    const kustomization = "images:\n- name: ghcr.io/org/flights\n  newTag: '2'\n";
    const manifests = [
      { path: "base/flights.yaml", text: deployment("ghcr.io/org/flights:1.0") },
      { path: "prod/kustomization.yaml", text: kustomization },
    ];
    expect(() => change(manifests)).toThrow(
      /prod\/kustomization.yaml replaces the image ghcr.io\/org\/flights/,
    );
  });
});
