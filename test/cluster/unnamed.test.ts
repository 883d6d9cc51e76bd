/** Servers that do not say in their answers which release they are, as all but ours: Triton, MLServer, a FastAPI of
 * one's own. Who answers is told by what their pods count, and where they count nothing, it is said. */
import { Agent } from "node:http";
import type { KubeObject } from "@ml-actions/cluster/types";
import { ask, type Entrance, startLoad } from "@ml-actions/rollout/local/testing/load";
import type { Behaviour } from "@ml-actions/rollout/local/testing/stand-in-server";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { route } from "./contract/fixtures.ts";
import { createPlace, type Place, standIn, workload } from "./contract/place.ts";
import { begin, end } from "./contract/rollout.ts";

vi.setConfig({ testTimeout: 240_000, maxConcurrency: 4 });
beforeAll(async () => {
  await (await lab()).need("cluster", "gateway");
});

const entrances: Record<"deployment" | "gateway", (place: Place) => Promise<Entrance>> = {
  deployment: async ({ namespace }) => {
    const service = (await namespace.get("service", "flights")) as KubeObject;
    return { url: `http://${(service.spec as { clusterIP: string }).clusterIP}`, keepAlive: false };
  },
  gateway: async ({ namespace }) => {
    const { url } = (await lab()).gateway;
    return { url, host: `${namespace.name}.test`, keepAlive: false };
  },
};

async function inPlace(
  target: "deployment" | "gateway",
  behaviour: Pick<Behaviour, "unnamed">,
  work: (place: Place, releases: { next: Awaited<ReturnType<typeof standIn>> }) => Promise<void>,
): Promise<void> {
  const [old, next] = await Promise.all(["old", "next"].map((name) => standIn({ name, ...behaviour })));
  const place = await createPlace(target, false);
  try {
    const objects = await workload({ replicas: 1, image: old?.image as string });
    await place.namespace.apply([...objects, await route(`${place.namespace.name}.test`)]);
    await place.namespace.rolledOut("flights");
    await work(place, { next: next as Awaited<ReturnType<typeof standIn>> });
  } finally {
    await place.close();
  }
}

/** How many of so many answers are of the server with that name, as their bodies tell. */
async function answersOf(name: string, entrance: Entrance, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: false });
  let own = 0;
  for (let i = 0; i < count; i += 10) {
    const replies = await Promise.all(Array.from({ length: 10 }, () => ask(entrance, agent)));
    own += replies.filter(({ text }) => text.includes(`"name":"${name}"`)).length;
  }
  return own;
}

describe.concurrent.each(["deployment", "gateway"] as const)("target %s", (target) => {
  it("proves shares by what the pods count, beside users' own requests, and comes back", () =>
    inPlace(target, { unnamed: "counts" }, async (place, { next }) => {
      const entrance = await entrances[target](place);
      const opened = await place.open();
      const load = startLoad(entrance, 2);
      await begin(opened, "1", next);
      await opened.target.split(50);
      const own = await answersOf("next", entrance, 200);
      expect(own).toBeGreaterThan(65);
      expect(own).toBeLessThan(135);
      await opened.target.restore();
      expect(await answersOf("old", entrance, 50)).toBe(50);
      await opened.target.prepare(next);
      await opened.target.promote();
      await end(opened, "1", "promoted");
      expect(await answersOf("next", entrance, 50)).toBe(50);
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(place.troubles.filter((trouble) => trouble.includes("x-ml-release"))).toEqual([]);
    }));

  it("says what is not proven where they count nothing, and goes on", () =>
    inPlace(target, { unnamed: "silent" }, async (place, { next }) => {
      const entrance = await entrances[target](place);
      const opened = await place.open();
      await begin(opened, "1", next);
      await opened.target.split(50);
      expect(place.troubles.join("\n")).toMatch(
        /no x-ml-release, and stable: pod \S+ gives no counts: \/metrics answered 404.*not measured/s,
      );
      expect(await answersOf("next", entrance, 100)).toBeGreaterThan(20);
      await opened.target.restore();
      expect(await answersOf("old", entrance, 50)).toBe(50);
      await end(opened, "1", "restored");
    }));
});
