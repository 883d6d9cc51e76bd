/** What the target local remembers of a release that came from an image, and what it still reads of older states. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as baseTest, expect } from "vitest";
import { systemClock } from "../clock.ts";
import { createLab, type Lab } from "../local/testing/lab.ts";
import { deploy } from "../local/testing/moves.ts";
import { releaseFromImage } from "../release.ts";
import { rollBack } from "../rollback.ts";
import type { Release } from "../target.ts";

const test = baseTest.extend<{ lab: Lab }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern that nothing is needed
  lab: async ({}, use) => {
    const lab = await createLab();
    await use(lab);
    await lab.close();
  },
});

const digest = (fill: string) => `sha256:${fill.repeat(64)}`;

/** The same files as an image would bring them. */
async function imageOf(lab: Lab, name: string, fill: string): Promise<Release> {
  const files = await lab.release({ name });
  const image = `ghcr.io/org/flights@${digest(fill)}`;
  const verified = { at: 1_700_000_000_000, summary: digest("e") };
  return { ...files, digest: digest(fill), image, verified };
}

test.concurrent("image and verification stay with a release in state, journal, history and after a rollback", async ({
  lab,
}) => {
  const place = await lab.open();
  const [a, b] = [await imageOf(lab, "a", "a"), await imageOf(lab, "b", "b")];
  await deploy(place, "1", a);
  await deploy(place, "2", b);
  const { image, verified } = a;
  const begun = (await place.ledger.journal()).find(({ step }) => step.name === "begin");
  expect(begun?.step).toMatchObject({ candidate: { image: b.image, verified } });
  expect((await place.target.read()).stable).toMatchObject({ image: b.image, verified });
  for (const { model } of [a, b]) await Promise.all([rm(model.uri), rm(model.contract)]);
  const ports = { ...place, clock: systemClock };
  const request = { to: a.digest, holder: "an operator", leaseTtlMs: 8_000 };
  const { restored } = await rollBack(request, ports, () => {});
  expect(restored).toMatchObject({ digest: a.digest, image, verified });
  expect((await place.ledger.history()).map((entry) => entry.release)).toMatchObject([
    { image, verified },
    { image: b.image, verified },
    { image, verified },
  ]);
  const state = JSON.parse(await readFile(join(lab.stateDirectory, "state.json"), "utf8"));
  expect(state.stable).toMatchObject({ image, verified });
});

test.concurrent("a state that knows nothing of images is read, and its release serves", async ({ lab }) => {
  const old = await lab.release({ name: "old" });
  const place = await lab.open();
  await deploy(place, "1", old);
  const text = await readFile(join(lab.stateDirectory, "state.json"), "utf8");
  expect(JSON.parse(text).stable).not.toHaveProperty("image");
  await place.shutDown();
  // As version 0.1.0 wrote it.
  const state = {
    schema: "ml-actions/local-state/v1",
    resource: "flights",
    stable: { digest: old.digest, label: "old", model: old.model },
    previous: null,
    candidate: null,
    candidatePercent: 0,
    mirrorPercent: 0,
    lease: null,
    history: [
      {
        release: { digest: old.digest, label: "old", model: old.model },
        promotedAt: 1_700_000_000_000,
        verdict: "first",
        rollout: "1",
      },
    ],
    shownRollout: null,
  };
  await writeFile(join(lab.stateDirectory, "state.json"), JSON.stringify(state));
  const again = await lab.open();
  expect((await again.target.read()).stable).toMatchObject({ digest: old.digest, label: "old" });
  await deploy(again, "2", await imageOf(lab, "b", "b"));
  expect((await again.ledger.history()).at(-1)?.release).not.toHaveProperty("image");
});

test.concurrent("hostile references and summaries are refused before anything happens", async ({ lab }) => {
  const place = await lab.open();
  const good = await imageOf(lab, "a", "a");
  const hostile: Partial<Record<"image" | "verified", unknown>>[] = [
    { image: "" },
    { image: "ghcr.io/org/flights\n::set-output name=a::b" },
    { image: "x".repeat(5001) },
    { verified: { at: 1, summary: "sha256:zz" } },
    { verified: { at: Number.NaN, summary: digest("e") } },
    { verified: { at: 1, summary: digest("e"), by: "me" } },
  ];
  for (const change of hostile) {
    await expect(place.target.prepare({ ...good, ...change } as Release)).rejects.toMatchObject({
      code: "invalid",
    });
  }
});

test.concurrent("a release of an image has the image's digest, whatever its files are", async () => {
  const model = join(import.meta.dirname, "../../../../test/fixtures/flights/flights-1.onnx");
  const contract = model.replace(".onnx", ".contract.json");
  const image = `oci:build/image@${digest("c")}`;
  const release = await releaseFromImage({ image, label: "flights-1.0", model, contract });
  expect(release).toMatchObject({ digest: digest("c"), image, label: "flights-1.0", model: { uri: model } });
  expect(release).not.toHaveProperty("verified");
});
