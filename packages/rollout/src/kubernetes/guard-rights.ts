/** What ledger and guard may do, for the Roles in `docs/rbac`. */
import type { Right } from "@ml-actions/cluster/types";
import { guardServiceAccount } from "./guard-manifest.ts";
import { ledgerObjects } from "./ledger-names.ts";

/** Creating cannot be bound to a name. */
function ledgerRights(): Right[] {
  return [
    {
      group: "coordination.k8s.io",
      resource: "leases",
      verbs: ["get", "create", "update"],
      why: "one rollout at a time, and whether its runner lives",
    },
    {
      group: "",
      resource: "configmaps",
      verbs: ["get", "create", "update"],
      why: "journal and history of rollouts",
    },
  ];
}

/** Of who runs deploy and rollback, whatever the guard. */
export const runnerLedgerRights: readonly Right[] = ledgerRights();

/** Of who runs deploy with a guard, beside `runnerLedgerRights`. */
export const runnerGuardRights: readonly Right[] = [
  { group: "batch", resource: "jobs", verbs: ["get", "create", "delete"], why: "starts the guard" },
  { group: "", resource: "pods", verbs: ["list"], why: "why the guard's pod does not start" },
  { group: "", resource: "events", verbs: ["list"], why: "why the guard's pod is not made" },
  {
    group: "",
    resource: "serviceaccounts",
    verbs: ["get"],
    name: guardServiceAccount,
    why: "whether the guard has its account",
  },
];

/** Of the guard's ServiceAccount, beside what the target needs. */
export const guardAccountRights: readonly Right[] = [
  ...ledgerRights(),
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["patch"],
    why: "says in the lease that it lives",
  },
  { group: "batch", resource: "jobs", verbs: ["delete"], why: "removes itself when its work is done" },
];

/** The same, for the objects of one resource, as the guard looks at its own rights. */
export function guardLedgerRights(namespace: string, resource: string): Right[] {
  const { lease, book, job } = ledgerObjects(namespace, resource);
  const nameOf: Record<string, string> = { leases: lease.name, configmaps: book.name, jobs: job.name };
  return guardAccountRights.map((right) => {
    const name = nameOf[right.resource];
    return { ...right, namespace, ...(name !== undefined && { name }) };
  });
}

/** `patch leases.coordination.k8s.io`. */
export function rightText({ verbs, group, resource, subresource, name }: Right): string {
  const what = `${resource}${subresource === undefined ? "" : `/${subresource}`}${group === "" ? "" : `.${group}`}`;
  return `${verbs.join(", ")} ${what}${name === undefined ? "" : ` ${name}`}`;
}
