/** Names alone, so that an action's definition can offer them without loading a target. */
export const kubernetesTargetNames = ["deployment", "gateway", "istio", "knative", "kserve"] as const;
export type KubernetesTargetName = (typeof kubernetesTargetNames)[number];

export const targetNames = ["local", ...kubernetesTargetNames] as const;
export type TargetName = (typeof targetNames)[number];
