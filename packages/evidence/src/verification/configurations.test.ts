import type { Source } from "@ml-actions/oci";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verdict } from "../example.ts";
import { bundleMediaType } from "../signing.ts";
import { nothingExpected } from "./policy.ts";
import { evalOf } from "./testing/evidence.ts";
import { dayMs, layoutStore, newKey, noon, pushImage, type TestImage } from "./testing/image.ts";
import type { EvidenceCheck, Expectations } from "./types.ts";
import { type VerifyRequest, verifyImage } from "./verify-image.ts";

const [strict, lax, third] = ["a", "b", "c"].map((hex) => `sha256:${hex.repeat(64)}`) as [
  string,
  string,
  string,
];
const signer = newKey();
let layout: Awaited<ReturnType<typeof layoutStore>>;
let image: TestImage;
let images = 0;

beforeAll(async () => {
  layout = await layoutStore();
});
beforeEach(async () => {
  image = await pushImage(layout.store, `judged ${images++}`);
});
afterAll(() => layout.remove());

type Result = "pass" | "fail" | "inconclusive";

async function judged(by: string, result: Result, daysAgo: number, gate = "f1 >= 0.4"): Promise<void> {
  const verdicts = [verdict({ gate, verdict: result, reason: `it came to ${result}` })];
  const configuration = [{ name: "gates", digest: by }];
  await image.attest(signer, evalOf({ verdicts, configuration }, noon - daysAgo * dayMs));
}

function request(expected: Partial<Expectations> = {}, maxAgeMs: number | null = null): VerifyRequest {
  const { trust } = signer;
  const required = {
    evidence: "eval",
    trust,
    maxAgeMs,
    expected: { ...nothingExpected, ...expected },
  } as const;
  const policy = { name: "inputs", digest: strict, signature: trust, require: [required] };
  return { source: image.store, digest: image.digest, policy, now: noon };
}

async function check(expected: Partial<Expectations> = {}, maxAgeMs?: number): Promise<EvidenceCheck> {
  return (await verifyImage(request(expected, maxAgeMs))).checks[1] as EvidenceCheck;
}

describe("a no by one gate configuration", () => {
  beforeEach(() => judged(strict, "fail", 5));

  test("is not taken back by a newer pass of another, and it says what differs and what to do", async () => {
    await judged(lax, "pass", 1, "f1 >= 0.1");
    const { verdict: found, reason, remedy, ageMs } = await check();
    expect(found).toBe("fail");
    expect(reason).toBe(
      `By the gate configuration ${strict} it FAILED 5 d ago: f1 >= 0.4 (it came to fail). What passed later was judged by another, ${lax}. Its rule was estimate, its confidence 0.95, its gates f1 >= 0.1.`,
    );
    expect(remedy).toMatch(/judged again by the configuration that failed.*`configurations`.*`max-age`/);
    expect(ageMs).toBe(5 * dayMs);
  });

  test("is taken back by a newer pass of the same", async () => {
    await judged(lax, "pass", 4);
    await judged(strict, "pass", 3);
    expect(await check()).toMatchObject({ verdict: "pass" });
    await judged(lax, "pass", 1);
    expect(await check()).toMatchObject({ verdict: "pass" });
  });

  test("is not taken back by an inconclusive one of the same", async () => {
    await judged(strict, "inconclusive", 3);
    await judged(lax, "pass", 1);
    expect((await check()).reason).toContain(`By the gate configuration ${strict} it FAILED 5 d ago`);
  });

  test("ends when it is too old", async () => {
    await judged(lax, "pass", 1);
    expect(await check({}, 5 * dayMs)).toMatchObject({ verdict: "fail" });
    expect(await check({}, 5 * dayMs - 1)).toMatchObject({ verdict: "pass" });
  });

  test("counts no more when the policy lists others, and still when it lists that one too", async () => {
    await judged(lax, "pass", 1);
    expect(await check({ configurations: [lax] })).toMatchObject({ verdict: "pass" });
    expect(await check({ configurations: [lax, strict] })).toMatchObject({ verdict: "fail" });
  });

  test("of strangers is none", async () => {
    image = await pushImage(layout.store, `of strangers ${images++}`);
    const configuration = [{ name: "gates", digest: strict }];
    await image.attest(newKey(), evalOf({ verdicts: [verdict({ verdict: "fail" })], configuration }));
    await judged(lax, "pass", 1);
    expect(await check()).toMatchObject({ verdict: "pass" });
  });

  test("the latest of several is told", async () => {
    await judged(third, "fail", 2);
    await judged(lax, "pass", 1);
    expect((await check()).reason).toContain(`By the gate configuration ${third} it FAILED 2 d ago`);
  });
});

describe("several gate configurations", () => {
  test("that all pass are no noise, and it is said that the policy lists none", async () => {
    await judged(strict, "pass", 3);
    await judged(lax, "pass", 1);
    const { verdict: found, reason } = await check();
    expect(found).toBe("pass");
    expect(reason).toBe(
      `PASSED: 1 of 1 gates hold, rule estimate; by ${lax}, the newest of 2 gate configurations, of which the policy lists none`,
    );
    expect((await check({ configurations: [lax] })).reason).toBe("PASSED: 1 of 1 gates hold, rule estimate");
  });

  test("an inconclusive one of another blocks nothing", async () => {
    await judged(strict, "inconclusive", 3);
    await judged(lax, "pass", 1);
    expect(await check()).toMatchObject({ verdict: "pass" });
  });
});

describe("a configuration that the policy does not know", () => {
  const because = async (expected: Partial<Expectations>) =>
    (await check({ configurations: [strict], ...expected })).reason;

  test("is told in words where the policy lists gates", async () => {
    await judged(lax, "pass", 1, "f1 >= 0.1");
    expect(await because({ gates: ["f1 >= 0.4", "auc >= 0.7"] })).toBe(
      `It was judged by the gate configuration ${lax}; the policy allows ${strict}. Of the gates that the policy lists it lacks f1 >= 0.4; auc >= 0.7. It has gates that the policy does not list: f1 >= 0.1.`,
    );
    expect(await because({ gates: ["f1 >= 0.1"], rule: "prove", minConfidence: 0.99 })).toMatch(
      /Its rule was estimate, its confidence 0.95; the policy asks for prove\. .*the policy asks for 0.99\.$/,
    );
  });

  test("differs in something else when all that is listed agrees", async () => {
    await judged(lax, "pass", 1);
    expect(await because({ gates: ["f1 >= 0.4"] })).toMatch(/something else differs, such as a threshold/);
  });
});

describe("too much of what is attached", () => {
  test.each([
    [1001, 1],
    [6, 23 * 2 ** 20],
  ])("is refused before any of it is read: %i bundles of %i bytes", async (bundles, size) => {
    const layer = { mediaType: bundleMediaType, size, digest: strict };
    const one = {
      descriptor: image.subject,
      artifactType: bundleMediaType,
      annotations: {},
      layers: [layer],
    };
    const source: Source = {
      name: "hostile",
      manifest: (of) => image.store.manifest(of),
      resolve: (of) => image.store.resolve(of),
      blob: () => {
        throw new Error("it was fetched");
      },
      referrers: async () => Array(bundles).fill(one),
    };
    await expect(verifyImage({ ...request(), source })).rejects.toMatchObject({
      code: "too-much",
      remedy: expect.stringContaining("who may write"),
    });
  });
});
