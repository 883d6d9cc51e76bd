/** A program of ours that runs in a pod on somebody else's image: what Pod Security at level `restricted` asks for, and
 * where the program lies. Pure. */
import type { GuardImage } from "./ledger-types.ts";

const programFolder = "/ml-actions";
const volume = "program";
/** As the images that we build have it. */
const defaultNode = "/nodejs/bin/node";

/** Of the pod. */
export const unprivilegedPod = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  seccompProfile: { type: "RuntimeDefault" },
} as const;

/** @param bundle the ConfigMap that carries the program */
export const programVolumes = (bundle: string) => [{ name: volume, configMap: { name: bundle } }];

/** Of the container: all but its name, ports, probes and resources.
 * @param file what the program is called in its ConfigMap
 * @param env of the program */
export function programContainer(image: GuardImage, file: string, env: readonly object[]) {
  return {
    image: image.image,
    // Why without that compiler is said in packages/release/src/layout.ts.
    command: [image.node ?? defaultNode, "--no-maglev", `${programFolder}/${file}`],
    workingDir: "/",
    // What the image sets for its own server is none of the program's.
    env: [...env, { name: "NODE_OPTIONS", value: "" }],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [{ name: volume, mountPath: programFolder, readOnly: true }],
  };
}
