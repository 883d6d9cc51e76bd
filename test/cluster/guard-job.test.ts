/** The guard as a Job on the cluster's own kubelet, with exactly its rights, in a namespace that admits only pods of
 * level `restricted`. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { KubeObject, Right } from "@ml-actions/cluster/types";
import { guardProgram } from "@ml-actions/release/guard";
import { runnerGuardRights, runnerLedgerRights } from "@ml-actions/rollout/kubernetes/guard-rights";
import { type GuardOptions, type KubernetesLedger, openLedger } from "@ml-actions/rollout/kubernetes/ledger";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import { describe, expect, it } from "vitest";
import { labImages } from "../lab/images.ts";
import { grantGuard, rulesOf } from "./guard-account.ts";
import { begin, hold, release, write } from "./ledger-place.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";

const rights = rightsOf("deployment").guard;

const resource = "deployment/flights";
const jobName = "ml-actions-guard-deployment-flights";

interface Place {
  namespace: TestNamespace;
  troubles: string[];
  open(guard?: Partial<GuardOptions>, kubeconfig?: string): Promise<KubernetesLedger>;
  jobs(): Promise<string[]>;
}

async function inGuardedPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const [program, image] = await Promise.all([
    guardProgram(),
    labImages().then((images) => images.standIn({ name: "good" })),
  ]);
  await inNamespace(async (namespace) => {
    const level = "pod-security.kubernetes.io/enforce=restricted";
    await namespace.kubectl(["label", "namespace", namespace.name, level]);
    const troubles: string[] = [];
    const open: Place["open"] = async (guard = {}, kubeconfig = namespace.kubeconfig) =>
      openLedger({
        api: openApi(await connect({ kubeconfig })),
        ...{ namespace: namespace.name, resource },
        restore: async () => {},
        onTrouble: (message) => troubles.push(message),
        guard: {
          ...{ mode: "required", program, rights, probeHosts: [] },
          images: async () => [{ image: image.reference }],
          target: { name: "deployment", object: "flights", options: {} },
          rbacFile: "docs/rbac/deployment.yaml",
          ...guard,
        },
      });
    const jobs = async () => {
      const { items } = JSON.parse(await namespace.kubectl(["get", "jobs", "-o", "json"])) as {
        items: KubeObject[];
      };
      return items.map(({ metadata }) => metadata.name);
    };
    await work({ namespace, troubles, open, jobs });
  });
}

/** Into every namespace: by its controllers, and by Istio's. */
const putByTheCluster = /^configmap\/(kube-root-ca\.crt|istio-ca-.*)$/;

/** Its pods wait for their kubelet, who may be busy. */
const timeout = 240_000;

describe.concurrent("the guard's Job", { timeout }, () => {
  it("lives before the lease is had, restores when it ends, and takes itself and its program away", async ({
    expect,
  }) => {
    await inGuardedPlace(async ({ namespace, open, jobs, troubles }) => {
      await grantGuard(namespace, rights);
      await stableIn(namespace);
      const kubeconfig = await namespace.restricted(rulesOf([...runnerLedgerRights, ...runnerGuardRights]));
      const ledger = await open({}, kubeconfig);
      const startedAt = performance.now();
      await hold(ledger, "1");
      console.error(`guard: lives after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      expect(await ledger.guardPod()).not.toBeNull();
      await ledger.fenceTraffic();
      await begin(ledger, "1", release("a"));
      await hold(ledger, "1", { ttlMs: 2_000 });
      const endsAt = performance.now() + 2_000;
      await expect
        .poll(async () => (await ledger.journal()).at(-1)?.step.name, { timeout: 60_000, interval: 100 })
        .toBe("end");
      console.error(
        `guard: stable restored ${(performance.now() - endsAt).toFixed(0)} ms after the lease ended`,
      );
      await expect.poll(jobs, { timeout: 60_000 }).toEqual([]);
      const left = async () => {
        const all = (await namespace.kubectl(["get", "pods,configmaps", "-o", "name"])).trim().split("\n");
        return all.filter((name) => !putByTheCluster.test(name));
      };
      await expect
        .poll(left, { timeout: 60_000, interval: 1_000 })
        .toEqual(["configmap/ml-actions-deployment-flights"]);
      expect(troubles).toEqual([]);
      // And all of it a second time, right after.
      await hold(ledger, "2");
      await begin(ledger, "2", release("a"));
      await write(ledger, "2", { name: "end", stage: "promoted", verdict: "pass" });
      await ledger.release("2");
      await expect.poll(jobs, { timeout: 60_000 }).toEqual([]);
    });
  });

  it("that is killed comes back, and one that was deleted is started again", async ({ expect }) => {
    await inGuardedPlace(async ({ namespace, open, jobs, troubles }) => {
      await grantGuard(namespace, rights);
      await stableIn(namespace);
      const ledger = await open();
      await hold(ledger, "1");
      await begin(ledger, "1", release("a"));
      await namespace.kubectl(["delete", "job", jobName, "--cascade=foreground"]);
      const renewing = setInterval(() => hold(ledger, "1").catch(() => {}), 1_000);
      try {
        await expect.poll(() => troubles.join(), { timeout: 60_000 }).toContain("has not been heard");
        await expect.poll(() => ledger.guardPod(), { timeout: 60_000 }).not.toBeNull();
        expect(await jobs()).toEqual([jobName]);
      } finally {
        clearInterval(renewing);
      }
      await hold(ledger, "1", { ttlMs: 1_000 });
      // In the middle of its work, as likely as not.
      await sleep(1_000);
      const pod = (await ledger.guardPod())?.name;
      if (pod !== undefined) await namespace.kubectl(["delete", "pod", pod, "--grace-period=0", "--force"]);
      await expect
        .poll(async () => (await ledger.journal()).at(-1)?.step.name, { timeout: 60_000, interval: 300 })
        .toBe("end");
      await expect.poll(jobs, { timeout: 60_000 }).toEqual([]);
    });
  });
});

describe.concurrent("a guard that cannot live", { timeout }, () => {
  /** The refusal, after which nothing is left. */
  async function refusal({ open, jobs }: Place, guard: Partial<GuardOptions> = {}, kubeconfig?: string) {
    const ledger = await open(guard, kubeconfig);
    const error: unknown = await hold(ledger, "1").catch((caught: unknown) => caught);
    assert(error instanceof Error && "remedy" in error, `it was not refused: ${error}`);
    expect(error).toMatchObject({
      code: "no-guard",
      remedy: expect.stringContaining("docs/rbac/deployment.yaml"),
    });
    const fresh = await open();
    expect(await fresh.lease()).toBeNull();
    expect(await jobs()).toEqual([]);
    return error.message;
  }

  it("is refused without its ServiceAccount, its rights, or ours to start it; with auto it is only told", async () => {
    await inGuardedPlace(async (place) => {
      const { namespace, open, troubles } = place;
      expect(await refusal(place)).toContain("there is no ServiceAccount ml-actions-guard");
      const deployments = (right: Right) =>
        right.resource === "deployments" && right.subresource === undefined;
      await grantGuard(
        namespace,
        rights.filter((right) => !deployments(right)),
      );
      expect(await refusal(place)).toMatch(/it lacks the right to get, .*deployments\.apps/);
      const kubeconfig = await namespace.restricted(rulesOf(runnerLedgerRights));
      expect(await refusal(place, {}, kubeconfig)).toMatch(/create.*jobs|jobs.*create|get.*job/i);
      const ledger = await open({ mode: "auto" }, kubeconfig);
      await hold(ledger, "1");
      expect(troubles.join()).toContain("nobody restores stable if this run vanishes");
      await ledger.fenceTraffic();
      await ledger.release("1");
    });
  });

  it("is refused where a quota or the level of the namespace does not admit it", async () => {
    await inGuardedPlace(async (place) => {
      const { namespace } = place;
      await grantGuard(namespace, rights);
      await namespace.kubectl(["create", "quota", "none", "--hard=pods=0"]);
      await expect
        .poll(async () => (await namespace.get("quota", "none"))?.status, { timeout: 60_000 })
        .toMatchObject({ hard: {} });
      expect(await refusal(place)).toMatch(/its pod cannot be made: .*exceeded quota: none/);
    });
  });

  it("is refused when its image cannot be pulled or run, and lives in the next one that can", async () => {
    await inGuardedPlace(async (place) => {
      const { namespace, open, jobs } = place;
      await grantGuard(namespace, rights);
      const image = "127.0.0.1:1/nobody/nothing:1";
      expect(await refusal(place, { images: async () => [] })).toContain("there is no image");
      const good = (await labImages()).standIn({ name: "good" });
      const images = async () => [
        { image },
        { image: (await good).reference, node: "/nowhere/node" },
        { image: (await good).reference },
      ];
      expect(await refusal(place, { images: async () => (await images()).slice(0, 2) })).toMatch(
        /ImagePullBackOff: .*127\.0\.0\.1:1.*; (StartError|RunContainerError|CrashLoopBackOff).*nowhere/,
      );
      const ledger = await open({ images });
      await hold(ledger, "1");
      expect(await jobs()).toEqual([jobName]);
      await ledger.release("1");
    });
  });
});

/** What the platform reads: a Deployment of others, and its Service. */
async function stableIn(namespace: TestNamespace): Promise<void> {
  const { reference } = await (await labImages()).standIn({ name: "good" });
  const labels = { app: "flights" };
  const container = {
    ...{ name: "server", image: reference, ports: [{ containerPort: 8080 }] },
    securityContext: {
      ...{ runAsNonRoot: true, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      ...{ capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" } },
    },
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "1", memory: "256Mi" } },
  };
  const port = { name: "http", port: 80, targetPort: 8080 };
  await namespace.apply([
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "flights" } },
      spec: {
        ...{ replicas: 0, selector: { matchLabels: labels } },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "flights" } },
      spec: { selector: labels, ports: [port] },
    },
  ] as KubeObject[]);
}
