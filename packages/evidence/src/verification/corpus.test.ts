/** Evidence that was made by earlier versions, and by cosign, still verifies: see `corpus/README.md`. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EvidenceName, imageSignatureType, predicateTypes } from "../predicates.ts";
import type { Trust } from "../signing.ts";
import { nothingExpected } from "./policy.ts";
import { layoutStore, pushImage } from "./testing/image.ts";
import { verifyImage } from "./verify-image.ts";

interface About {
  madeAt: string;
  sets: Record<string, { image: string; digest: string }>;
  files: Record<string, string>;
}

const corpus = join(import.meta.dirname, "corpus");
const versions = readdirSync(corpus).filter((name) => statSync(join(corpus, name)).isDirectory());
const dayMs = 86_400_000;
const required: EvidenceName[] = ["build", "eval", "scan"];
let layout: Awaited<ReturnType<typeof layoutStore>>;

beforeAll(async () => {
  layout = await layoutStore();
});
afterAll(() => layout.remove());

describe.each(versions)("evidence of %s", (version) => {
  const read = (path: string) => readFileSync(join(corpus, version, path), "utf8");
  const about: About = JSON.parse(read("corpus.json"));

  test("is as it was frozen", () => {
    const found = Object.keys(about.files).map((path) => [
      path,
      `sha256:${createHash("sha256").update(read(path)).digest("hex")}`,
    ]);
    expect(Object.fromEntries(found)).toEqual(about.files);
  });

  test.each(Object.keys(about.sets))("%s verifies, also in ten years", async (set) => {
    const image = await pushImage(layout.store, set);
    expect(image.digest).toBe(about.sets[set]?.digest);
    await image.attachText(read(`${set}/signature.bundle`), imageSignatureType);
    for (const name of required) {
      await image.attachText(read(`${set}/${name}.bundle`), predicateTypes[name]);
    }
    const trust: Trust = JSON.parse(read(`${set}/trust.json`));
    const require = required.map((evidence) => ({
      evidence,
      trust,
      maxAgeMs: null,
      expected: nothingExpected,
    }));
    const policy = { name: "corpus", digest: `sha256:${"a".repeat(64)}`, signature: trust, require };
    const verdictsAt = async (now: number) => {
      const { checks } = await verifyImage({ source: layout.store, digest: image.digest, policy, now });
      return checks.map(({ evidence, verdict, reason }) => (verdict === "pass" ? evidence : reason));
    };
    const made = Date.parse(about.madeAt);
    expect(await verdictsAt(made)).toEqual(["signature", ...required]);
    expect(await verdictsAt(made + 3650 * dayMs)).toEqual(["signature", ...required]);
  });
});
