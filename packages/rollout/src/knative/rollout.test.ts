/** The order of a rollout's writes, in memory. */
import { describe, expect, it } from "vitest";
import { releaseNamed } from "../memory.testing.ts";
import type { Release } from "../target.ts";
import { knativePlatform } from "../targets/knative.ts";
import { MemoryKnative } from "./memory.testing.ts";
import type { TrafficEntry } from "./service.ts";

const named = (label: string): Release => {
  const { digest, ...release } = releaseNamed(label);
  return { ...release, digest, image: `registry/flights@${digest}` };
};
const [stable, next] = [named("stable"), named("next")];
const resources = { requests: { cpu: "1", memory: "1Mi" }, limits: { memory: "1Mi" } };
const templateOf = (release: Release) => ({ spec: { containers: [{ image: release.image, resources }] } });
const latest: TrafficEntry[] = [{ latestRevision: true, percent: 100 }];

async function begun(traffic?: TrafficEntry[]) {
  const knative = new MemoryKnative(templateOf(stable), traffic);
  const platform = await knativePlatform(knative.context({ routeTimeoutMs: 1_000, readyTimeoutMs: 1_000 }));
  return { knative, platform };
}
const digests = async ({ platform }: Awaited<ReturnType<typeof begun>>) => {
  const { stable: left, candidate, candidatePercent } = await platform.read();
  return [left?.release.digest, candidate?.release.digest, candidatePercent];
};
const noneIsLeft = ({ revisions, service }: MemoryKnative) => {
  expect(Object.keys(service.metadata.annotations ?? {})).toEqual(["ml-actions.github.io/fence"]);
  for (const { metadata } of revisions)
    expect(JSON.stringify(metadata.annotations)).not.toContain("min-scale");
};

describe("a rollout on Knative", () => {
  it("names stable in the traffic before it changes the template", async () => {
    const { knative, platform } = await begun();
    await platform.prepare(next);
    const pinned = knative.writes.findIndex(({ traffic }) => traffic[0]?.revisionName === "flights-00001");
    const changed = knative.writes.findIndex(({ image }) => image === next.image);
    expect(pinned).toBeGreaterThanOrEqual(0);
    expect(pinned).toBeLessThan(changed);
    for (const { traffic } of knative.writes) {
      expect(traffic.filter(({ percent = 0 }) => percent > 0)).toMatchObject([
        { revisionName: "flights-00001" },
      ]);
    }
    const writes = knative.writes.length;
    await platform.prepare(next);
    expect(knative.writes).toHaveLength(writes);
  });

  it("goes back in two phases: traffic, then the template, then the user's style", async () => {
    const place = await begun();
    const { knative, platform } = place;
    await platform.prepare(next);
    await platform.capacity(40);
    await platform.route(40);
    expect(await digests(place)).toEqual([stable.digest, next.digest, 40]);
    await platform.route(0);
    await platform.cleanUp();
    const [template, style] = knative.writes.slice(-2);
    expect([template?.image, template?.traffic[0]?.revisionName]).toEqual([stable.image, "flights-00001"]);
    expect(style?.traffic).toEqual(latest);
    expect(JSON.stringify(knative.revisions)).not.toContain(next.digest);
    expect(await digests(place)).toEqual([stable.digest, undefined, 0]);
    noneIsLeft(knative);
    const writes = knative.writes.length;
    await platform.cleanUp();
    expect(knative.writes).toHaveLength(writes);
  });

  it("ends a promotion from wherever it was left", async () => {
    const place = await begun();
    const { knative, platform } = place;
    await platform.prepare(next);
    await platform.route(100);
    for (const _ of [1, 2]) {
      await platform.adopt();
      await platform.route(0);
      expect(await digests(place)).toEqual([next.digest, next.digest, 0]);
    }
    await platform.cleanUp();
    expect(knative.spec.traffic).toEqual(latest);
    expect(await digests(place)).toEqual([next.digest, undefined, 0]);
    expect(knative.revisions).toHaveLength(2);
    noneIsLeft(knative);
  });

  it.each([0, 3])(
    "leaves a template that others changed to them, and stable its traffic, until the next promotion: made after %i looks",
    async (looks) => {
      const place = await begun();
      const { knative, platform } = place;
      knative.looksUntilMade = looks;
      const theirs = named("theirs");
      await platform.prepare(next);
      await platform.route(50);
      knative.edit({ spec: templateEdit(knative, theirs) });
      await platform.route(0);
      await platform.cleanUp();
      expect(knative.spec.template.spec.containers[0]?.image).toBe(theirs.image);
      expect(knative.spec.traffic).toMatchObject([{ revisionName: "flights-00001", percent: 100 }]);
      expect(knative.troubles).toEqual([expect.stringMatching(/its template was changed by others/)]);
      expect(await digests(place)).toEqual([stable.digest, undefined, 0]);
      await platform.prepare(next);
      await platform.route(100);
      await platform.adopt();
      await platform.route(0);
      await platform.cleanUp();
      expect(knative.spec.traffic).toEqual(latest);
      expect(await digests(place)).toEqual([next.digest, undefined, 0]);
      noneIsLeft(knative);
    },
  );

  it("gives a pinned style back beside a template that was not stable's before", async () => {
    const pinned: TrafficEntry[] = [{ revisionName: "flights-00001", percent: 100 }];
    const place = await begun(pinned);
    const { knative, platform } = place;
    const newer = named("newer");
    knative.edit({ spec: templateEdit(knative, newer) });
    await platform.prepare(next);
    await platform.route(20);
    await platform.route(0);
    await platform.cleanUp();
    expect(knative.spec.template.spec.containers[0]?.image).toBe(newer.image);
    expect(knative.spec.traffic).toMatchObject(pinned);
    expect(await digests(place)).toEqual([stable.digest, undefined, 0]);
    expect(knative.troubles).toEqual([]);
    noneIsLeft(knative);
  });
});

function templateEdit({ spec }: MemoryKnative, { image }: Release): unknown {
  const containers = spec.template.spec.containers.map((container) => ({ ...container, image }));
  return { template: { spec: { containers } } };
}
