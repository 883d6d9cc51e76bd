/** The guard's ServiceAccount with exactly these rights. */
import type { KubeObject, Right } from "@ml-actions/cluster/types";
import { guardServiceAccount } from "@ml-actions/rollout/kubernetes/guard-manifest";
import type { Rule, TestNamespace } from "./namespace.ts";

export const rulesOf = (rights: readonly Right[]): Rule[] =>
  rights.map(({ group, resource, subresource, verbs, name }) => ({
    apiGroups: [group],
    resources: [subresource === undefined ? resource : `${resource}/${subresource}`],
    verbs,
    ...(name !== undefined && { resourceNames: [name] }),
  }));

export async function grantGuard(namespace: TestNamespace, rights: readonly Right[]): Promise<void> {
  const metadata = { name: guardServiceAccount };
  const group = "rbac.authorization.k8s.io";
  await namespace.apply([
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${group}/v1`, kind: "Role", metadata, rules: rulesOf(rights) },
    {
      ...{ apiVersion: `${group}/v1`, kind: "RoleBinding", metadata },
      subjects: [{ kind: "ServiceAccount", name: guardServiceAccount, namespace: namespace.name }],
      roleRef: { apiGroup: group, kind: "Role", name: guardServiceAccount },
    },
  ] as KubeObject[]);
}

/** What the ClusterRole of `docs/rbac` adds: what others own in other namespaces. It goes with the namespace. */
export async function letGuardSee(namespace: TestNamespace, rights: readonly Right[]): Promise<void> {
  if (rights.length === 0) return;
  const uid = await namespace.kubectl(["get", "namespace", namespace.name, "-o", "jsonpath={.metadata.uid}"]);
  const owner = { apiVersion: "v1", kind: "Namespace", name: namespace.name, uid };
  const name = `${guardServiceAccount}-${namespace.name}`;
  const metadata = { name, ownerReferences: [owner] };
  const group = "rbac.authorization.k8s.io";
  const bound = {
    subjects: [{ kind: "ServiceAccount", name: guardServiceAccount, namespace: namespace.name }],
    roleRef: { apiGroup: group, kind: "ClusterRole", name },
  };
  await namespace.apply([
    { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata, rules: rulesOf(rights) },
    { apiVersion: `${group}/v1`, kind: "ClusterRoleBinding", metadata, ...bound },
  ] as KubeObject[]);
}
