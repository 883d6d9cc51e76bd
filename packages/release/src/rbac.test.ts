import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import { kubernetesTargetNames } from "@ml-actions/rollout/targets/names";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { rbacFiles, rbacYaml } from "./rbac.ts";

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}
interface Document {
  kind: string;
  metadata: { name: string };
  rules?: Rule[];
}

describe.each(kubernetesTargetNames)("the rights of target %s", (target) => {
  const documents = parseAllDocuments(rbacYaml(target)).map((one) => one.toJS() as Document);
  const rules = documents.flatMap(({ rules = [] }) => rules);

  it("are a Role, the guard's account, and its Role that is bound to it", () => {
    expect(documents.slice(0, 4).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      `Role ml-actions-${target}`,
      "ServiceAccount ml-actions-guard",
      `Role ml-actions-guard-${target}`,
      `RoleBinding ml-actions-guard-${target}`,
    ]);
  });

  it("are named one by one: no wildcard, no secret, no right to give rights, no shell in a pod", () => {
    for (const { apiGroups, resources, verbs } of rules) {
      const all = [...apiGroups, ...resources, ...verbs];
      expect(all).not.toContain("*");
      expect(all.join(" ")).not.toMatch(
        /secrets|rbac|exec|attach|portforward|impersonate|escalate|bind|deletecollection/,
      );
    }
  });

  it("have one rule a thing, each with its reason, and are what the target says", () => {
    const { runner, guard, cluster } = rightsOf(target);
    expect(rules).toHaveLength(runner.length + guard.length + cluster.length);
    for (const { why } of [...runner, ...guard, ...cluster]) expect(why).toMatch(/^[^\n:#"]+$/);
    const things = runner.map(({ group, resource, subresource, name }) =>
      [group, resource, subresource, name].join("/"),
    );
    expect(new Set(things).size).toBe(things.length);
  });

  it("give the guard nothing that the runner has not, its own sign of life aside", () => {
    const { runner, guard } = rightsOf(target);
    const has = (verb: string, { group, resource, subresource }: (typeof guard)[number]) =>
      runner.some(
        (one) =>
          one.group === group &&
          one.resource === resource &&
          one.subresource === subresource &&
          one.verbs.includes(verb),
      );
    const beyond = guard.flatMap((right) =>
      right.verbs.filter((verb) => !has(verb, right)).map((verb) => `${verb} ${right.resource}`),
    );
    expect(beyond).toEqual(["patch leases"]);
  });
});

it("the guard can start nothing: neither pods nor what makes them", () => {
  for (const target of kubernetesTargetNames) {
    const makers = rightsOf(target).guard.filter(({ verbs }) => verbs.includes("create"));
    expect(makers.map(({ resource }) => resource)).toEqual(
      target === "kserve" ? ["httproutes", "leases", "configmaps"] : ["leases", "configmaps"],
    );
  }
});

it("there is a file for each target on a cluster", () => {
  expect([...rbacFiles().keys()]).toEqual(kubernetesTargetNames.map((name) => `docs/rbac/${name}.yaml`));
});
