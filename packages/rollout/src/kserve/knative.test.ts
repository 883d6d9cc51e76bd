import { describe, expect, test } from "vitest";
import type { Release } from "../target.ts";
import { knativePlatform } from "./knative.ts";
import { KnativeRules } from "./knative-rules.testing.ts";

const imageOf = (fill: string) => `registry.test/flights@sha256:${fill.repeat(64)}`;
const [one, two] = [imageOf("1"), imageOf("2")];
const release: Release = {
  digest: `sha256:${"2".repeat(64)}`,
  label: "flights-2",
  image: two,
  model: { digest: `sha256:${"2".repeat(64)}`, uri: two, contract: "contract.json" },
};
const containers = (image: string) => [{ name: "kserve-container", image }];
const begin = (timeoutMs = 300) => {
  const rules = new KnativeRules({ containers: containers(one) });
  return { rules, platform: knativePlatform(rules.context(timeoutMs)) };
};

describe("a candidate that never gets ready", () => {
  test("looks to a naive implementation like a canary with its share", () => {
    const { rules } = begin();
    rules.broken.add(two);
    rules.write({ containers: containers(two), canaryTrafficPercent: 20 });
    expect(rules.traffic.find(({ latestRevision }) => latestRevision)?.percent).toBe(20);
    expect(rules.routed).toEqual({ [one]: 100 });
  });

  test("is refused, and stable's text is put back", async () => {
    const { rules, platform } = begin();
    rules.broken.add(two);
    await expect(platform.prepare(release)).rejects.toMatchObject({ code: "not-ready" });
    await expect(platform.route(20)).rejects.toMatchObject({ code: "not-ready" });
    await platform.cleanUp();
    expect(rules.routed).toEqual({ [one]: 100 });
    expect(rules.predictor).toMatchObject({ containers: containers(one) });
  });
});

describe("the way back", () => {
  test("promotes the bad release where a naive implementation sets 0 and removes the field", () => {
    const { rules } = begin();
    rules.write({ containers: containers(two), canaryTrafficPercent: 20 });
    rules.write({ canaryTrafficPercent: 0 });
    expect(rules.routed).toEqual({ [one]: 100 });
    rules.write({ canaryTrafficPercent: null });
    expect(rules.routed).toEqual({ [two]: 100 });
  });

  test.each([20, 100])("leaves stable's own text in the spec, from %i %%", async (percent) => {
    const { rules, platform } = begin();
    await platform.prepare(release);
    await platform.route(percent);
    expect(rules.routed[two]).toBe(percent);
    expect(await platform.read()).toMatchObject({
      stable: { release: { image: one } },
      candidate: { release, ready: true },
      candidatePercent: percent,
    });
    await platform.route(0);
    expect(rules.routed).toEqual({ [one]: 100 });
    await platform.cleanUp();
    expect(rules.routed).toEqual({ [one]: 100 });
    expect(rules.predictor).toEqual({ annotations: {}, containers: containers(one) });
    expect(await platform.read()).toMatchObject({ candidate: null, candidatePercent: 0 });
  });

  test("gives nobody else all requests while the status still tells of the revision that others made", async () => {
    const { rules, platform } = begin(5_000);
    const theirs = imageOf("3");
    rules.looksUntilMade = 3;
    await platform.prepare(release);
    await platform.route(20);
    // In the candidate's text: its name and its share stay.
    rules.write({ containers: containers(theirs) });
    await platform.read();
    await platform.read();
    expect(await platform.read()).toMatchObject({ candidate: { release, ready: false } });
    await platform.route(0);
    await platform.cleanUp();
    expect(new Set(rules.alone)).toEqual(new Set([one]));
    expect(rules.routed).toEqual({ [one]: 100 });
    expect(rules.predictor).toEqual({ annotations: {}, containers: containers(one) });
  });

  test("is taken up between its phases", async () => {
    const { rules, platform } = begin();
    await platform.prepare(release);
    await platform.route(20);
    await platform.route(0);
    rules.write({ containers: containers(one), annotations: null }, true);
    await platform.cleanUp();
    expect(rules.predictor.canaryTrafficPercent).toBeUndefined();
    expect(rules.routed).toEqual({ [one]: 100 });
  });
});

test("a promoted release has all traffic, and the field is gone", async () => {
  const { rules, platform } = begin();
  await platform.prepare(release);
  for (const percent of [10, 100]) await platform.route(percent);
  await platform.adopt();
  await platform.route(0);
  await platform.cleanUp();
  expect(rules.routed).toEqual({ [two]: 100 });
  expect(rules.predictor.canaryTrafficPercent).toBeUndefined();
  expect(await platform.read()).toMatchObject({ stable: { release, ready: true }, candidate: null });
});

test("somebody else's canary is neither joined nor ended", async () => {
  const { rules, platform } = begin();
  rules.write({ containers: containers(imageOf("3")), canaryTrafficPercent: 30 });
  await expect(platform.prepare(release)).rejects.toMatchObject({ code: "conflict" });
  await platform.cleanUp();
  expect(rules.predictor.canaryTrafficPercent).toBe(30);
});

test("shares are whole percents, and requests are not copied", async () => {
  const { platform } = begin();
  await platform.prepare(release);
  await expect(platform.route(0.5)).rejects.toMatchObject({ code: "invalid" });
  await expect(platform.mirror(100)).rejects.toMatchObject({ code: "invalid" });
});
