import { digestOfBytes } from "@ml-actions/oci/digest";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verdict } from "../example.ts";
import type { EvidenceName } from "../predicates.ts";
import { predicateTypes } from "../predicates.ts";
import { bundleMediaType, type Trust } from "../signing.ts";
import { nothingExpected } from "./policy.ts";
import { buildOf, evalOf, evalThat, scanOf } from "./testing/evidence.ts";
import {
  dayMs,
  layoutStore,
  manifestType,
  newKey,
  noon,
  pushImage,
  type TestImage,
} from "./testing/image.ts";
import type { EvidenceCheck, EvidencePolicy, Expectations } from "./types.ts";
import { verifyImage } from "./verify-image.ts";

const gates = `sha256:${"c".repeat(64)}`;
const [ours, theirs] = [newKey(), newKey()];
let layout: Awaited<ReturnType<typeof layoutStore>>;
let image: TestImage;
let images = 0;

beforeAll(async () => {
  layout = await layoutStore();
});
beforeEach(async () => {
  image = await pushImage(layout.store, `image ${images++}`);
});
afterAll(() => layout.remove());

interface Asked {
  require?: EvidenceName[];
  trust?: Trust;
  maxAgeMs?: number;
  expected?: Partial<Expectations>;
}

function policy({
  require = ["eval"],
  trust = ours.trust,
  maxAgeMs,
  expected = {},
}: Asked = {}): EvidencePolicy {
  return {
    name: "inputs",
    digest: `sha256:${"a".repeat(64)}`,
    signature: trust,
    require: require.map((evidence) => ({
      evidence,
      trust,
      maxAgeMs: maxAgeMs ?? null,
      expected: { ...nothingExpected, ...expected },
    })),
  };
}

async function check(asked: Asked = {}, now = noon): Promise<EvidenceCheck> {
  const { checks } = await verifyImage({
    source: image.store,
    digest: image.digest,
    policy: policy(asked),
    now,
  });
  return checks[1] as EvidenceCheck;
}

describe("an image with all its evidence", () => {
  test("passes, and every check says what it rests on", async () => {
    await image.sign(ours);
    for (const statement of [buildOf(), evalOf(), scanOf()]) await image.attest(ours, statement);
    const asked = policy({ require: ["build", "eval", "scan"], maxAgeMs: dayMs });
    const result = await verifyImage({ source: image.store, digest: image.digest, policy: asked, now: noon });
    expect(result.verdict).toBe("pass");
    expect(result.checks.map(({ evidence, verdict: found }) => `${evidence} ${found}`)).toEqual([
      "signature pass",
      "build pass",
      "eval pass",
      "scan pass",
    ]);
    expect(new Set(result.checks.map(({ bundle }) => bundle)).size).toBe(4);
    expect(result.checks.map(({ ageMs }) => ageMs)).toEqual([null, 60_000, 60_000, 60_000]);
    expect(result.checks.every(({ signer, remedy }) => signer === ours.description && remedy === null)).toBe(
      true,
    );
    expect(result.image).toBe(`${image.store.name}@${image.digest}`);
  });

  test("fails without a signature of its own, and all else is still told", async () => {
    await image.attest(ours, evalOf());
    const result = await verifyImage({
      source: image.store,
      digest: image.digest,
      policy: policy(),
      now: noon,
    });
    expect(result.verdict).toBe("fail");
    expect(result.checks.map(({ verdict: found }) => found)).toEqual(["fail", "pass"]);
    expect(result.checks[0]?.reason).toMatch(/not signed/);
    expect(result.checks[0]?.remedy).toMatch(/cosign sign/);
  });

  test("a signature of somebody else is not the image's", async () => {
    await image.sign(theirs);
    const result = await verifyImage({
      source: image.store,
      digest: image.digest,
      policy: policy(),
      now: noon,
    });
    expect(result.checks[0]?.reason).toContain(theirs.description);
    expect(result.checks[0]?.reason).toContain(ours.description);
  });
});

describe("evidence that is not believed", () => {
  test("none at all names the action that makes it", async () => {
    const { reason, remedy } = await check();
    expect(reason).toMatch(/No evidence of eval/);
    expect(remedy).toMatch(/eval-gate/);
  });

  test("another kind of the same predicate type is not it", async () => {
    await image.attest(ours, evalOf({ kind: "shadow" }));
    expect((await check()).reason).toMatch(/No evidence of eval/);
    expect((await check({ require: ["shadow"] })).verdict).toBe("pass");
  });

  test("by another key", async () => {
    await image.attest(theirs, evalOf());
    const { reason } = await check();
    expect(reason).toBe(`It is signed with ${theirs.description}; expected ${ours.description}.`);
  });

  test("about another image, attached here", async () => {
    const other = await pushImage(layout.store, "another");
    const bundle = await other.attest(ours, evalOf());
    await image.attachText(bundle, predicateTypes.eval);
    const { reason, remedy } = await check();
    expect(reason).toContain(`It is about ${other.digest}, not about this image`);
    expect(remedy).toMatch(/Do not trust who attached it/);
  });

  test("edited after it was signed", async () => {
    const bundle = JSON.parse(await ours.sign(Buffer.from(JSON.stringify(aboutImage(evalThat("fail"))))));
    const text = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replace("FAILED", "PASSED");
    bundle.dsseEnvelope.payload = Buffer.from(text).toString("base64");
    await image.attachText(JSON.stringify(bundle), predicateTypes.eval);
    expect((await check()).reason).toMatch(/edited after it was signed/);
  });

  test("cut short", async () => {
    const bundle = await ours.sign(Buffer.from(JSON.stringify(aboutImage(evalOf()))));
    await image.attachText(bundle.slice(0, bundle.length / 2), predicateTypes.eval);
    expect((await check()).reason).toMatch(/no Sigstore bundle/);
    expect((await check({ require: ["build"] })).reason).toMatch(/No evidence of build/);
  });

  test("in a layer that is no bundle", async () => {
    await attachLayer("text/plain");
    expect((await check()).reason).toMatch(/must have one layer of the type/);
    expect((await check({ require: ["build"] })).reason).toMatch(/No evidence of build/);
  });

  test("the refusal that came closest is the one that is told", async () => {
    await image.attachText("{}", predicateTypes.eval);
    await image.attest(theirs, evalOf());
    const edited = JSON.parse(await ours.sign(Buffer.from(JSON.stringify(aboutImage(evalOf())))));
    edited.dsseEnvelope.payload = Buffer.from(
      JSON.stringify(aboutImage(evalOf({ confidence: 0.9 }))),
    ).toString("base64");
    await image.attachText(JSON.stringify(edited), predicateTypes.eval);
    expect((await check()).reason).toMatch(/edited after it was signed/);
  });

  test("a statement of another kind is not it, however its bundle is written", async () => {
    const bundle = await ours.sign(Buffer.from(JSON.stringify(aboutImage(evalOf({ kind: "shadow" })))));
    await image.attachText(bundle.replace("dsseEnvelope", "dsse_envelope"), predicateTypes.eval);
    await image.attachText(bundle.replace('"payload"', '"\\u0070ayload"'), predicateTypes.eval);
    expect((await check()).verdict).toBe("fail");
    const request = { source: image.store, digest: image.digest, policy: policy(), now: noon };
    expect((await verifyImage(request)).checks[0]?.verdict).toBe("fail");
  });

  test("what strangers attach takes nothing away", async () => {
    await image.attest(ours, evalOf());
    await image.attachText("not even JSON", predicateTypes.eval);
    await image.attest(theirs, evalThat("fail", noon));
    expect((await check()).verdict).toBe("pass");
  });
});

describe("the newest decides", () => {
  test("a newer FAILED is not hidden by an older PASSED, and it says so", async () => {
    await image.attest(ours, evalOf({}, noon - 2 * dayMs));
    await image.attest(ours, evalThat("fail", noon - dayMs));
    const { verdict: found, reason, remedy, ageMs } = await check();
    expect(found).toBe("fail");
    expect(reason).toMatch(/verdict is FAILED: f1 >= baseline - 0.02 \(it came to fail\)\./);
    expect(reason).toMatch(/newest of 2; an older one that passed counts no more/);
    expect(remedy).toMatch(/must not serve/);
    expect(ageMs).toBe(dayMs);
  });

  test("a newer PASSED counts over an older FAILED", async () => {
    await image.attest(ours, evalThat("fail", noon - 2 * dayMs));
    await image.attest(ours, evalOf({}, noon - dayMs));
    expect((await check()).verdict).toBe("pass");
  });

  test("at the same time no wins", async () => {
    await image.attest(ours, evalThat("pass"));
    await image.attest(ours, evalThat("fail"));
    expect((await check()).verdict).toBe("fail");
  });

  test("what is too damaged to tell its time counts as the newest", async () => {
    await image.attest(ours, evalOf());
    const damaged = evalOf() as unknown as { predicate: { result: string } };
    damaged.predicate.result = "GREAT";
    await image.attest(ours, damaged);
    expect((await check()).reason).toMatch(/is not a test-result statement/);
  });
});

describe("what the evidence says", () => {
  test("WARNED is no pass", async () => {
    await image.attest(ours, evalThat("inconclusive"));
    const { reason, remedy } = await check();
    expect(reason).toMatch(/WARNED, which is inconclusive and no pass: .*it came to inconclusive/);
    expect(remedy).toMatch(/more rows/);
  });

  test("a PASSED over failed gates contradicts itself", async () => {
    const statement = evalThat("fail") as unknown as { predicate: { result: string } };
    statement.predicate.result = "PASSED";
    await image.attest(ours, statement);
    expect((await check()).reason).toMatch(/contradicts itself: result is PASSED/);
  });

  test("by another gate configuration", async () => {
    await image.attest(ours, evalOf());
    const other = `sha256:${"d".repeat(64)}`;
    const { reason, remedy } = await check({ expected: { configurations: [other] } });
    expect(reason).toBe(
      `It was judged by the gate configuration ${gates}; the policy allows ${other}. Its rule was estimate, its confidence 0.95, its gates f1 >= baseline - 0.02; f1{carrier=UA} >= 0.3.`,
    );
    expect(remedy).toMatch(/add their digest/);
    expect((await check({ expected: { configurations: [other, gates] } })).verdict).toBe("pass");
  });

  test("too old, by a clock that is given", async () => {
    await image.attest(ours, evalOf({}, noon));
    expect((await check({ maxAgeMs: dayMs }, noon + dayMs)).verdict).toBe("pass");
    const { reason } = await check({ maxAgeMs: dayMs }, noon + dayMs + 3_600_000);
    expect(reason).toBe("It is 25 h old; the policy allows 24 h.");
  });

  test("from the future", async () => {
    await image.attest(ours, evalOf({}, noon + 3_600_000));
    expect((await check()).reason).toBe("It is from the future, by 1 h.");
  });

  test("without the gates, the rule or the confidence that the policy asks for", async () => {
    await image.attest(ours, evalOf());
    const reason = async (expected: Partial<Expectations>) => (await check({ expected })).reason;
    expect(await reason({ gates: ["auc >= 0.7"] })).toMatch(
      /does not judge what the policy asks for: auc >= 0.7/,
    );
    expect(await reason({ rule: "prove" })).toMatch(/rule estimate; the policy asks for prove/);
    expect(await reason({ minConfidence: 0.99 })).toMatch(/confidence 0.95; the policy asks for 0.99/);
    const met = { gates: ["f1 >= baseline - 0.02"], rule: "refute" as const, minConfidence: 0.95 };
    expect((await check({ expected: met })).verdict).toBe("pass");
  });

  test("a gate with a weaker rule of its own does not hide under the rule of the whole", async () => {
    const weak = verdict({ gate: "f1 >= 0.3 [refute]" });
    await image.attest(ours, evalOf({ rule: "prove", verdicts: [weak] }));
    expect((await check({ expected: { rule: "prove" } })).reason).toMatch(/rule refute/);
  });

  test("a gate for every slice is found by one of its slices", async () => {
    await image.attest(ours, evalOf());
    expect((await check({ expected: { gates: ["f1{carrier=*} >= 0.3"] } })).verdict).toBe("pass");
    expect((await check({ expected: { gates: ["f1{carrier=*} >= 0.4"] } })).verdict).toBe("fail");
    expect((await check({ expected: { gates: ["f1{origin=*} >= 0.3"] } })).verdict).toBe("fail");
  });

  test("built by somebody else", async () => {
    await image.attest(ours, buildOf());
    const builder = "https://github.com/org/flights/.github/workflows/*";
    expect((await check({ require: ["build"], expected: { builder } })).verdict).toBe("pass");
    const { reason } = await check({
      require: ["build"],
      expected: { builder: "https://github.com/evil/x/y" },
    });
    expect(reason).toMatch(
      /built by https:\/\/github.com\/org\/flights.*asks for https:\/\/github.com\/evil/,
    );
  });
});

/** Labelled as evidence of eval. */
async function attachLayer(mediaType: string): Promise<void> {
  const bytes = Buffer.from("{}");
  const digest = digestOfBytes(bytes);
  const described = { mediaType, size: bytes.byteLength, digest };
  await image.store.pushBlob(described, async function* (offset) {
    yield bytes.subarray(offset);
  });
  const annotations = { "dev.sigstore.bundle.predicateType": predicateTypes.eval };
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: bundleMediaType,
    config: { ...described, mediaType: "application/vnd.oci.empty.v1+json" },
    layers: [described],
    subject: image.subject,
    annotations,
  };
  await image.store.pushManifest(Buffer.from(JSON.stringify(manifest)), manifestType);
}

function aboutImage(statement: object): object {
  return { ...statement, subject: [{ name: "image", digest: { sha256: image.digest.slice(7) } }] };
}
