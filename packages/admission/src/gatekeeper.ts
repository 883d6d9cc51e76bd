/** Gatekeeper: what any image and any container must be, whoever made it. Knows nothing of evidence. */
import { gatekeeperRego } from "./gatekeeper-rego.ts";
import { type AdmissionRequest, type Generated, includeLabel, type KubernetesObject } from "./types.ts";

/** What holds containers, as a constraint selects it. */
const kinds = [
  { apiGroups: [""], kinds: ["Pod"] },
  { apiGroups: ["apps"], kinds: ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"] },
  { apiGroups: ["batch"], kinds: ["Job", "CronJob"] },
  { apiGroups: ["serving.kserve.io"], kinds: ["InferenceService"] },
  { apiGroups: ["serving.knative.dev"], kinds: ["Service", "Configuration", "Revision"] },
];

interface Rule {
  kind: string;
  /** Of the constraint. */
  name: string;
  description: string;
  parameters: (request: AdmissionRequest) => object | null;
  schema: object | null;
}

const rules: readonly Rule[] = [
  {
    kind: "MlActionsNoLatest",
    name: "ml-actions-no-latest",
    description: "Images are named by a version: neither `latest` nor nothing.",
    parameters: () => null,
    schema: null,
  },
  {
    kind: "MlActionsDigest",
    name: "ml-actions-digest",
    description: "Images are named by digest: what was verified is what runs.",
    parameters: () => null,
    schema: null,
  },
  {
    kind: "MlActionsLimits",
    name: "ml-actions-limits",
    description:
      "Containers have limits of CPU and memory above 0; requests follow from them where none are given.",
    parameters: () => null,
    schema: null,
  },
  {
    kind: "MlActionsRegistries",
    name: "ml-actions-registries",
    description: "Images come from these registries.",
    parameters: ({ registries }) => ({ registries: [...registries] }),
    schema: {
      type: "object",
      properties: {
        registries: {
          type: "array",
          description: "Registry with owner, such as ghcr.io/octo-org; without a slash at the end.",
          items: { type: "string" },
        },
      },
    },
  },
];

export function gatekeeper(request: AdmissionRequest): Generated {
  const files = new Map<string, KubernetesObject[]>();
  files.set("constraint-templates.yaml", rules.map(template));
  files.set(
    "constraints.yaml",
    rules.map((rule) => constraint(rule, request)),
  );
  const what =
    "signatures and evidence are not checked: it sees what a pod says of itself, never the registry. Use it beside one of the others";
  return { files, unchecked: [{ engine: "gatekeeper", evidence: null, what }] };
}

function template({ kind, description, schema }: Rule): KubernetesObject {
  const name = kind.toLowerCase();
  return {
    apiVersion: "templates.gatekeeper.sh/v1",
    kind: "ConstraintTemplate",
    metadata: { name, annotations: { description } },
    spec: {
      crd: {
        spec: { names: { kind }, ...(schema === null ? {} : { validation: { openAPIV3Schema: schema } }) },
      },
      targets: [{ target: "admission.k8s.gatekeeper.sh", rego: gatekeeperRego(name) }],
    },
  };
}

function constraint({ kind, name, parameters }: Rule, request: AdmissionRequest): KubernetesObject {
  const given = parameters(request);
  return {
    apiVersion: "constraints.gatekeeper.sh/v1beta1",
    kind,
    metadata: { name },
    spec: {
      enforcementAction: request.audit ? "warn" : "deny",
      match: { kinds, namespaceSelector: { matchLabels: includeLabel } },
      ...(given === null ? {} : { parameters: given }),
    },
  };
}
