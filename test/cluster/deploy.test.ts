/** The built deploy and rollback on `gateway`, with traffic through Envoy. */
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { lexer } from "marked";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesOf, flights, newJob } from "../actions/suite.ts";
import { liveRequests } from "../demo/live-requests.ts";
import { lab } from "../lab/lab.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { type Images, secondsAfterVerdict, serving, signedImages, statusAt } from "./deploy-room.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";
import { badConfigs } from "./unreachable.ts";

let images: Images;
let key: string;
let job: Job;

beforeAll(async () => {
  await (await lab()).need("cluster", "gateway");
  const signed = await signedImages();
  images = signed.images;
  key = signed.signing.key;
  job = await newJob();
});
afterAll(() => job?.end());

const gates = "error_rate <= 0.2 [refute]\nnan_rate <= 0.02";
const step = (namespace: TestNamespace, inputs: Record<string, string>, action = "deploy") =>
  job.run({
    action,
    // Long enough for a machine that is busy with other things.
    timeoutMs: 300_000,
    inputs: {
      kubeconfig: namespace.kubeconfig,
      namespace: namespace.name,
      guard: "off",
      ...(action === "deploy" && {
        ...{ key, require: "eval", steps: "50, 100", gates, interval: "500ms", "step-timeout": "90s" },
      }),
      ...inputs,
    },
  });

const settled = (done: PhaseResult) =>
  Number(/100\u00a0% ([\d.]+)\u00a0s after the verdict/.exec(done.summary)?.[1]);

describe("deploy on gateway", () => {
  it(
    "promotes a good release and takes a treacherous one back, and no user sees it",
    () =>
      inNamespace(async (namespace) => {
        const { objects, host, url } = await serving(namespace, "flights", images["flights-1"]);
        await namespace.apply(objects);
        await namespace.rolledOut("flights");
        while ((await statusAt(url, host)) !== 200) await sleep(200);
        const requests = await liveRequests(flights(""));
        const traffic = new Traffic({ url, host, requests, perSecond: 60 });
        traffic.start();
        try {
          const resource = "httproute/flights";
          const promoted = await step(namespace, { resource, candidate: images["flights-2"].reference });
          expect(promoted.exitCode, promoted.raw).toBe(0);
          expect(promoted.outputs).toMatchObject({
            stage: "promoted",
            verdict: "pass",
            stable: images["flights-2"].digest,
            image: images["flights-2"].reference,
          });
          expect(filesOf(promoted).evidence.predicate.result).toBe("PASSED");
          expect(promoted.summary).toContain(`\`httproute/flights\` in \`${namespace.name}\` (gateway,`);
          expect(settled(promoted)).toBeGreaterThan(0);

          const bad = await step(namespace, { resource, candidate: images["flights-treacherous"].reference });
          expect(bad.exitCode, bad.raw).toBe(1);
          expect(bad.outputs).toMatchObject({
            stage: "restored",
            verdict: "fail",
            stable: images["flights-2"].digest,
          });
          expect(errorsOf(bad).join()).toMatch(/nan_rate/);
          expect(bad.summary).toMatch(/taken back/);
          expect(lexer(bad.summary).some(({ type }) => type === "table")).toBe(true);
          const seconds = secondsAfterVerdict(bad, traffic, "flights-treacherous");
          console.error(
            `verdict to 100 %: promoted ${settled(promoted)} s, restored ${settled(bad)} s; last answer of the bad one ${seconds} s after its verdict`,
          );
          expect(seconds).toBeLessThanOrEqual(5);

          const to = images["flights-2"].digest;
          const back = await step(namespace, { resource, to }, "rollback");
          expect(back.exitCode, back.raw).toBe(0);
          expect(back.outputs.restored).toBe(to);
        } finally {
          await traffic.stop();
        }
        expect(traffic.failures).toEqual([]);
        expect(traffic.answered).toBeGreaterThan(500);
        expect(traffic.models.get("flights-treacherous")?.requests ?? 0).toBeGreaterThan(0);
        expect(await namespace.get("deployment", "flights-candidate")).toBeNull();
      }),
    240_000,
  );
});

describe("deploy of many", () => {
  it(
    "rolls out what a selector selects, the first alone, each with its own report",
    () =>
      inNamespace(async (namespace) => {
        const requests = await liveRequests(flights(""));
        const traffics: Traffic[] = [];
        for (const name of ["hotels", "trains"]) {
          const { objects, host, url } = await serving(namespace, name, images["flights-1"], {
            team: "travel",
          });
          await namespace.apply(objects);
          await namespace.rolledOut(name);
          while ((await statusAt(url, host)) !== 200) await sleep(200);
          traffics.push(new Traffic({ url, host, requests, perSecond: 20 }));
        }
        for (const traffic of traffics) traffic.start();
        const done = await step(namespace, {
          resource: "httproute -l team=travel",
          candidate: images["flights-2"].reference,
          steps: "100",
          gates: "error_rate <= 0.2 [refute]",
        });
        for (const traffic of traffics) await traffic.stop();
        expect(done.exitCode, done.raw).toBe(0);
        expect(done.outputs).toMatchObject({ stage: "promoted", verdict: "pass" });
        const results = JSON.parse(done.outputs.results as string) as Record<string, unknown>[];
        expect(results.map(({ resource, wave }) => `${wave} ${resource}`)).toEqual([
          "1 httproute/hotels",
          "2 httproute/trains",
        ]);
        expect(new Set(results.map(({ report }) => report)).size).toBe(2);
        expect(done.summary).toMatch(/serves 2 of 2 resources/);
        expect(done.raw).toMatch(/\[httproute\/trains\] promoted/);
        expect(traffics.flatMap(({ failures }) => failures)).toEqual([]);
      }),
    600_000,
  );
});

describe("a mistake in a cluster", () => {
  const candidate = () => images["flights-2"].reference;
  it.for([
    ["a kubeconfig that is not there", { kubeconfig: "/nowhere/config" }, /\/nowhere\/config/],
    ["a malformed kubeconfig", { kubeconfig: "apiVersion: v1\nclusters: [" }, /kubeconfig/i],
    ["a resource that is not there", { resource: "httproute/nobody" }, /there is no HTTPRoute nobody/],
    ["a selector that selects nothing", { resource: "httproute -l team=nobody" }, /selects nothing/],
    ["a context that is not there", { context: "elsewhere" }, /elsewhere/],
  ] as [string, Record<string, string>, RegExp][])("is one clear error: %s", ([, inputs, reason]) =>
    inNamespace(async (namespace) => {
      const done = await step(namespace, {
        resource: "httproute/flights",
        candidate: candidate(),
        ...inputs,
      });
      expect(done.exitCode, done.raw).toBe(1);
      expect(errorsOf(done).join("\n")).toMatch(reason);
      expect(done.raw).not.toMatch(/this is a bug/i);
    }),
  );

  it(
    "is one clear error in bounded time: a server that cannot be reached, or does not know us",
    () =>
      inNamespace(async (namespace) => {
        const server = createServer(() => {});
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        for (const [what, { kubeconfig, reason }] of Object.entries(
          await badConfigs(namespace.kubeconfig, port),
        )) {
          const began = performance.now();
          const done = await step(namespace, {
            resource: "httproute/flights",
            candidate: candidate(),
            kubeconfig,
          });
          const seconds = (performance.now() - began) / 1000;
          expect(done.exitCode, `${what}: ${done.raw}`).toBe(1);
          expect(errorsOf(done), what).toHaveLength(1);
          expect(errorsOf(done)[0], what).toMatch(reason);
          expect(done.raw, what).not.toMatch(/this is a bug/i);
          expect(seconds, what).toBeLessThan(60);
        }
      }),
    300_000,
  );

  it("names every right that lacks, before anything is touched", () =>
    inNamespace(async (namespace) => {
      const kubeconfig = await namespace.restricted([
        { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: ["get"] },
      ]);
      const done = await step(namespace, {
        resource: "httproute/flights",
        candidate: candidate(),
        kubeconfig,
      });
      const said = errorsOf(done).join("\n");
      expect(said).toMatch(
        /lacks rights in namespace[\s\S]*leases\.coordination[\s\S]*docs\/rbac\/gateway\.yaml/,
      );
      expect(done.exitCode).toBe(1);
    }));

  it("stops before what Argo CD keeps, and says the two ways out", () =>
    inNamespace(async (namespace) => {
      const { objects } = await serving(namespace, "flights", images["flights-1"]);
      const kept = objects.map((object) => ({
        ...object,
        metadata: { ...object.metadata, labels: { "argocd.argoproj.io/instance": "travel" } },
      }));
      await namespace.apply(kept);
      const done = await step(namespace, { resource: "httproute/flights", candidate: candidate() });
      expect(errorsOf(done).join("\n")).toMatch(
        /httproute\/flights is kept by Argo CD, app travel[\s\S]*gitops: commit/,
      );
    }));
});
