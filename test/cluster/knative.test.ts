/** Target `knative` on Serving's own controllers: the traps of "latest", and what a user's Service has of its own. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { askMany } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { standIn } from "./contract/place.ts";
import { begin, end, secondsUntilSilent, underLoad } from "./contract/rollout.ts";
import { inPlaceOf, patched, type TrafficPlace } from "./contract/traffic-place.ts";
import { type KnativeOptions, knativeDomain, knativeService } from "./knative-fixture.ts";

vi.setConfig({ testTimeout: 480_000, maxConcurrency: 4 });
beforeAll(async () => {
  await (await lab()).need("cluster", "knative");
});

async function inPlace(options: Omit<KnativeOptions, "image">, work: (place: TrafficPlace) => Promise<void>) {
  const { image } = await standIn({ name: "old" });
  const make = async (namespace: string) => ({
    objects: [await knativeService({ ...options, image: image as string })],
    entrance: {
      url: (await lab()).gateway.url,
      host: `flights.${namespace}.${knativeDomain}`,
      keepAlive: true,
    },
  });
  await inPlaceOf("knative", make, async (place) => {
    await place.namespace.kubectl(["wait", "ksvc/flights", "--for=condition=Ready", "--timeout=120s"]);
    await work(place);
  });
}

interface Serving {
  traffic: { revisionName?: string; percent?: number; tag?: string; latestRevision?: boolean }[];
  template: {
    metadata: { name?: string; annotations?: Record<string, string> };
    spec: { containers: { image: string }[] };
  };
}
const service = async ({ namespace }: TrafficPlace) => (await namespace.get("ksvc", "flights")) as KubeObject;
const specOf = async (place: TrafficPlace) => (await service(place)).spec as Serving;
const imageOf = async (place: TrafficPlace) => (await specOf(place)).template.spec.containers[0]?.image;
const revisions = async ({ namespace }: TrafficPlace) => {
  const { items } = JSON.parse(await namespace.kubectl(["get", "revisions", "-o", "json"])) as {
    items: KubeObject[];
  };
  return items.map(({ metadata, spec }) => ({
    ...{ name: metadata.name, annotations: metadata.annotations ?? {} },
    image: (spec as Serving["template"]["spec"]).containers[0]?.image,
  }));
};

describe.concurrent("a Service that follows its latest Revision", () => {
  it("gives no request to a candidate that was only prepared, fails none, and comes back in its own style", async () => {
    const [old, next] = [await standIn({ name: "old" }), await standIn({ name: "next" })];
    await inPlace({}, async (place) => {
      const opened = await place.open();
      await underLoad(place.entrance, async (load) => {
        await begin(opened, "1", next);
        const { status } = (await service(place)) as { status?: { latestReadyRevisionName?: string } };
        expect(status?.latestReadyRevisionName).toBe("flights-00002");
        expect(load.by.get(next.digest) ?? 0).toBe(0);
        await opened.target.split(20);
        const at = performance.now();
        const restored = opened.target.restore();
        const seconds = await secondsUntilSilent(load, next, at);
        await restored;
        console.info(`knative: ${seconds.toFixed(1)} s from restore to 100 % stable`);
      });
      await end(opened, "1", "restored");
      // Whatever somebody edits now is made of stable, and what follows latest follows that.
      expect(await imageOf(place)).toBe(old.image);
      expect((await specOf(place)).traffic).toEqual([{ latestRevision: true, percent: 100 }]);
      expect((await revisions(place)).map(({ image }) => image)).not.toContain(next.image);
      await patched(place, "ksvc", { spec: { template: { metadata: { annotations: { edited: "1" } } } } });
      await place.namespace.kubectl(["wait", "ksvc/flights", "--for=condition=Ready", "--timeout=60s"]);
      const { by, failures } = await askMany(place.entrance, 50);
      expect([failures, by.get(next.digest)]).toEqual([[], undefined]);
    });
  });

  it("follows the promoted one, with stable's pods before its traffic and the Role's rights alone", async () => {
    const next = await standIn({ name: "next" });
    await inPlace({}, async (place) => {
      const [first] = await revisions(place);
      const two = "autoscaling.knative.dev/min-scale=2";
      await place.namespace.kubectl(["annotate", "revision", first?.name ?? "", two]);
      const scaled = ["--for=jsonpath={.status.actualReplicas}=2", "--timeout=60s"];
      await place.namespace.kubectl(["wait", `revision/${first?.name}`, ...scaled]);
      const entrance = `ml-actions.github.io/entrance=${place.entrance.url}`;
      await place.namespace.kubectl(["annotate", "ksvc", "flights", entrance]);
      const opened = await place.openRestricted();
      await underLoad(place.entrance, async () => {
        await begin(opened, "1", next);
        await opened.target.split(10);
        await opened.target.split(100);
        // Before a request came to it: no wait of ours, and no autoscaler's.
        const { status } = (await place.namespace.get("revision", "flights-00002")) as KubeObject;
        expect(status).toMatchObject({ actualReplicas: 2 });
        await opened.target.promote();
      });
      await end(opened, "1", "promoted");
      expect(await imageOf(place)).toBe(next.image);
      expect((await specOf(place)).traffic).toEqual([{ latestRevision: true, percent: 100 }]);
      const [old, promoted] = await revisions(place);
      expect(old?.annotations["autoscaling.knative.dev/min-scale"]).toBe("2");
      expect(promoted?.annotations).not.toHaveProperty(["autoscaling.knative.dev/min-scale"]);
      const { annotations = {} } = (await service(place)).metadata;
      expect(Object.keys(annotations)).not.toContain("ml-actions.github.io/knative");
      expect([...(await askMany(place.entrance, 20)).by]).toEqual([[next.digest, 20]]);
      expect(place.troubles).toEqual([]);
    });
  });
});

describe.concurrent("a template that others change in the middle of a rollout", () => {
  it("stays theirs, gets no traffic for it, and the Service follows its latest again after the next promotion", async () => {
    const [next, theirs] = [await standIn({ name: "next" }), await standIn({ name: "theirs" })];
    await inPlace({}, async (place) => {
      const opened = await place.openRestricted();
      await place.namespace.kubectl([
        ...["annotate", "ksvc", "flights", `ml-actions.github.io/entrance=${place.entrance.url}`],
      ]);
      await begin(opened, "1", next);
      await opened.target.split(30);
      const change = { op: "replace", path: "/spec/template/spec/containers/0/image", value: theirs.image };
      await patched(place, "ksvc", [change]);
      await opened.target.split(50);
      await opened.target.restore();
      expect(place.troubles).toEqual([expect.stringMatching(/its template was changed by others/)]);
      expect(await imageOf(place)).toBe(theirs.image);
      const { by, failures } = await askMany(place.entrance, 50);
      expect([failures, by.has(next.digest), by.has(theirs.digest)]).toEqual([[], false, false]);
      await opened.target.prepare(next);
      await opened.target.promote();
      await end(opened, "1", "promoted");
      expect((await specOf(place)).traffic).toEqual([{ latestRevision: true, percent: 100 }]);
      expect([...(await askMany(place.entrance, 20)).by]).toEqual([[next.digest, 20]]);
    });
  });
});

describe.concurrent("a user's own traffic block", () => {
  it("keeps its tags and its pinned style, with names of the user's own for Revisions", async () => {
    const next = await standIn({ name: "next" });
    const block = [
      { revisionName: "flights-v1", latestRevision: false, percent: 100, tag: "live" },
      { tag: "newest", latestRevision: true },
    ];
    await inPlace({ templateName: "flights-v1", spec: { traffic: block } }, async (place) => {
      const before = await specOf(place);
      const opened = await place.open();
      await begin(opened, "1", next);
      await opened.target.split(30);
      const { traffic } = await specOf(place);
      expect(traffic.map(({ tag, percent }) => [tag, percent ?? 0])).toEqual([
        ["newest", 0],
        ["live", 70],
        ["ml-candidate", 30],
      ]);
      await opened.target.restore();
      expect((await specOf(place)).template).toEqual(before.template);
      expect((await specOf(place)).traffic).toEqual(before.traffic);
      await opened.target.prepare(next);
      await opened.target.promote();
      await end(opened, "1", "promoted");
      const [live, newest] = (await specOf(place)).traffic;
      expect(live).toMatchObject({ percent: 100, tag: "live" });
      expect(live?.revisionName).not.toBe("flights-v1");
      expect(newest).toMatchObject({ tag: "newest", latestRevision: true });
    });
  });

  it("that is split already, or kept by GitOps, is refused by name before anything is made", async () => {
    const next = await standIn({ name: "next" });
    await inPlace({}, async (place) => {
      const [first] = await revisions(place);
      const split = [
        { revisionName: first?.name, percent: 60 },
        { latestRevision: true, percent: 40 },
      ];
      await patched(place, "ksvc", { spec: { traffic: split } });
      const opened = await place.open();
      await expect(begin(opened, "1", next)).rejects.toThrow(
        /split already: flights-00001 60 %, the latest Revision 40 %/,
      );
      const id = `argocd.argoproj.io/tracking-id=shop:serving.knative.dev/Service:${place.namespace.name}/flights`;
      await place.namespace.kubectl(["annotate", "ksvc", "flights", id]);
      await expect(opened.target.prepare(next)).rejects.toThrow(/Argo CD/);
      expect(await revisions(place)).toHaveLength(1);
    });
  });

  it("is untouched by a candidate whose image nobody has, and says so", async () => {
    const none = await standIn({ name: "none" });
    const digest = `sha256:${"1".repeat(64)}`;
    const missing = { ...none, digest, image: (none.image as string).replace(/@.*/, `@${digest}`) };
    await inPlace({}, async (place) => {
      const before = await specOf(place);
      const opened = await place.open();
      await expect(begin(opened, "1", missing)).rejects.toMatchObject({
        code: "not-ready",
        message: expect.stringMatching(/ImagePullBackOff|ErrImagePull/),
      });
      expect((await specOf(place)).traffic).toEqual(before.traffic);
      expect(await imageOf(place)).toBe(before.template.spec.containers[0]?.image);
      await expect(opened.target.mirror(10)).rejects.toMatchObject({
        code: expect.stringMatching(/unsupported|no-candidate/),
      });
    });
  });
});
