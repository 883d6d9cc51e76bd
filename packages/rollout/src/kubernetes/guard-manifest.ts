/** The guard's objects: a Job that Pod Security admits at level `restricted`, and the ConfigMap with its program. Pure. */
import type { KubeObject, ObjectMeta } from "@ml-actions/cluster/types";
import { z } from "zod";
import { kubernetesTargetNames } from "../targets/names.ts";
import { ours } from "./ledger-names.ts";
import type { GuardImage } from "./ledger-types.ts";
import type { PlatformOptions } from "./platforms.ts";
import { programContainer, programVolumes, unprivilegedPod } from "./sent-program.ts";

export const guardServiceAccount = "ml-actions-guard";
/** Of `POST /probe`. */
export const guardPort = 8099;
/** On the Job and its pods: the Job's name. */
export const guardLabel = "ml-actions.github.io/guard";
/** On the Job: hash of program and settings. */
export const guardSpecAnnotation = "ml-actions.github.io/guard-spec";
export const programFile = "guard.mjs";

/** What the guard's pod is told. */
export const guardSettingsSchema = z.strictObject({
  namespace: z.string(),
  resource: z.string(),
  target: z.strictObject({
    name: z.enum(kubernetesTargetNames),
    object: z.string(),
    // Made by the runner that has the same types.
    options: z.custom<PlatformOptions>((value) => typeof value === "object" && value !== null),
  }),
  rights: z.array(
    z.strictObject({
      group: z.string(),
      resource: z.string(),
      subresource: z.string().exactOptional(),
      verbs: z.array(z.string()),
      namespace: z.string().exactOptional(),
      name: z.string().exactOptional(),
      why: z.string(),
    }),
  ),
  probeHosts: z.array(z.string()),
  /** Hash of the program and of all of the above. */
  spec: z.string(),
});
export type GuardSettings = z.infer<typeof guardSettingsSchema>;

export const settingsVariable = "ML_GUARD";

/** @param file what the program is called where it runs */
export function bundleObject(
  metadata: Pick<ObjectMeta, "name" | "namespace">,
  program: string,
  file = programFile,
): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...metadata, labels: ours("").labels },
    immutable: true,
    data: { [file]: program },
  } as KubeObject;
}

export function jobObject(of: {
  metadata: Pick<ObjectMeta, "name" | "namespace">;
  resource: string;
  settings: GuardSettings;
  bundle: string;
  image: GuardImage;
}): KubeObject {
  const { metadata, resource, settings, bundle, image } = of;
  const { labels, annotations } = ours(resource);
  const marked = { ...labels, [guardLabel]: metadata.name };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      ...metadata,
      labels: marked,
      annotations: { ...annotations, [guardSpecAnnotation]: settings.spec },
    },
    spec: {
      // It removes itself; this is for the one that could not.
      ttlSecondsAfterFinished: 60,
      // A guard that ends before its work is done is started again for as long as it takes.
      backoffLimit: 1000,
      template: {
        metadata: {
          // A proxy in the pod would outlive the guard, and the Job would never end.
          labels: { ...marked, "sidecar.istio.io/inject": "false" },
          annotations: { ...annotations, "linkerd.io/inject": "disabled" },
        },
        spec: podSpec(settings, bundle, image),
      },
    },
  };
}

function podSpec(settings: GuardSettings, bundle: string, image: GuardImage): unknown {
  return {
    serviceAccountName: guardServiceAccount,
    restartPolicy: "OnFailure",
    terminationGracePeriodSeconds: 2,
    enableServiceLinks: false,
    securityContext: unprivilegedPod,
    ...(image.pullSecrets !== undefined && { imagePullSecrets: image.pullSecrets.map((name) => ({ name })) }),
    containers: [
      {
        name: "guard",
        ...programContainer(image, programFile, [
          { name: settingsVariable, value: JSON.stringify(settings) },
          { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          {
            name: "JOB_UID",
            valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
          },
        ]),
        ports: [{ name: "probe", containerPort: guardPort }],
        // Measured: 70 MiB resident.
        resources: { requests: { cpu: "10m", memory: "96Mi" }, limits: { cpu: "1", memory: "192Mi" } },
      },
    ],
    volumes: programVolumes(bundle),
  };
}
