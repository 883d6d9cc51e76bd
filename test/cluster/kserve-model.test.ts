/** Releases of KServe that are models at an address, on a runtime that does not say which release it is. */
import { Agent } from "node:http";
import { ask } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, describe, test, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { begin, end, underLoad } from "./contract/rollout.ts";
import { inPlaceOf, type TrafficPlace } from "./contract/traffic-place.ts";
import { hostOf, untilReady } from "./kserve-fixture.ts";
import { letLoad, type Models, modelObjects, modelRelease } from "./kserve-model-fixture.ts";

vi.setConfig({ testTimeout: 240_000 });
beforeAll(async () => {
  await (await lab()).need("kserve");
  await letLoad();
});

async function inModelPlace(models: Models, work: (place: TrafficPlace) => Promise<void>): Promise<void> {
  const { url } = (await lab()).gateway;
  const make = async (namespace: string) => ({
    objects: await modelObjects(namespace, models),
    entrance: { url, host: hostOf("flights", namespace), keepAlive: true },
  });
  await inPlaceOf("kserve", make, async (place) => {
    await untilReady(place.namespace, "flights");
    await work(place);
  });
}

/** Which models answer, as their answers themselves say it. */
async function modelsOf({ entrance }: TrafficPlace, count: number): Promise<Map<string, number>> {
  const agent = new Agent({ keepAlive: false });
  const seen = new Map<string, number>();
  for (let left = count; left > 0; left -= 1) {
    const { text } = await ask(entrance, agent);
    const { model } = JSON.parse(text) as { model: { name: string } };
    seen.set(model.name, (seen.get(model.name) ?? 0) + 1);
  }
  return seen;
}

const servedUri = async ({ namespace }: TrafficPlace) => {
  const { spec } = (await namespace.get("inferenceservice", "flights")) as {
    spec?: { predictor: { model: { storageUri: string } } };
  };
  return spec?.predictor.model.storageUri;
};

const [one, two] = [{ name: "one" }, { name: "two", score: 0.2 }];

describe.concurrent("a model at an address, on others' runtime", () => {
  test("is split to, seen by what answers, and promoted without a failed request", async ({ expect }) => {
    await inModelPlace({ "1": one, "2": two }, async (place) => {
      const release = modelRelease(place.namespace.name, "2", two);
      const opened = await place.open();
      await underLoad(place.entrance, async () => {
        await begin(opened, "1", release);
        expect(await modelsOf(place, 50)).toEqual(new Map([["one", 50]]));
        await opened.target.split(50);
        const shares = await modelsOf(place, 200);
        expect(shares.get("two")).toBeGreaterThan(60);
        expect(shares.get("two")).toBeLessThan(140);
        await opened.target.promote();
      });
      await end(opened, "1", "promoted");
      expect(await modelsOf(place, 50)).toEqual(new Map([["two", 50]]));
      expect(await servedUri(place)).toBe(release.model.uri);
      expect(await opened.target.read()).toMatchObject({
        stable: { digest: release.digest },
        candidate: null,
      });
    });
  });

  test("is taken back without a failed request", async ({ expect }) => {
    await inModelPlace({ "1": one, "2": two }, async (place) => {
      const { name } = place.namespace;
      const [first, release] = [modelRelease(name, "1", one), modelRelease(name, "2", two)];
      const opened = await place.open();
      await underLoad(place.entrance, async () => {
        await begin(opened, "1", release);
        await opened.target.split(20);
        await opened.target.restore();
      });
      await end(opened, "1", "restored");
      expect(await modelsOf(place, 50)).toEqual(new Map([["one", 50]]));
      expect(await servedUri(place)).toBe(first.model.uri);
      expect(await place.namespace.get("httproute", "flights-rollout")).toBeNull();
    });
  });
});
