/**
 * Everything that somebody with write access to the registry could try, against a real registry, with a key and without:
 * each is refused, and with words of its own.
 */

import { predicateTypes } from "@ml-actions/evidence/predicates";
import {
  type EvidenceSigner,
  keylessSigner,
  readSigningServices,
  type Trust,
} from "@ml-actions/evidence/signing";
import { type EvidenceCheck, type EvidencePolicy, verifyImage } from "@ml-actions/evidence/verification";
import { nothingExpected } from "@ml-actions/evidence/verification/policy";
import { evalOf, evalThat } from "@ml-actions/evidence/verification/testing/evidence";
import { newKey, pushImage, type TestImage } from "@ml-actions/evidence/verification/testing/image";
import type { Source, Store } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { type FaultProxy, startFaultProxy } from "../components/fault-proxy.ts";
import { type RunningSigstore, startSigstore } from "../components/sigstore.ts";

const hourMs = 3_600_000;
const workflow = "https://github.com/org/flights/.github/workflows/x.yml";
const onMain = `${workflow}@refs/heads/main`;

let registry: RunningRegistry;
let sigstore: RunningSigstore;
let store: Store;
let image: TestImage;
let images = 0;

beforeAll(async () => {
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  ({ store } = await openStore(`${registry.host}/org/flights`));
});
afterAll(() => Promise.all([registry?.stop(), sigstore?.stop()]));

/** A signer that runs as this workflow, certified by `by`. */
function keyless(identity: string, by = sigstore): Promise<EvidenceSigner> {
  return keylessSigner({
    token: async () => by.token(identity),
    services: readSigningServices(by.signingConfig, Date.now()),
    trustedRoot: by.trustedRoot,
  });
}

interface Case {
  ours: EvidenceSigner;
  theirs: EvidenceSigner;
  trust: Trust;
}

const ways: [string, () => Promise<Case>][] = [
  [
    "with a key",
    async () => {
      const [ours, theirs] = [newKey(), newKey()];
      return { ours, theirs, trust: ours.trust };
    },
  ],
  [
    "without a key",
    async () => {
      const trust: Trust = {
        kind: "identity",
        identity: `${workflow}@*`,
        issuer: "https://token.actions.githubusercontent.com",
        trustedRoot: sigstore.trustedRoot,
      };
      const theirs = "https://github.com/evil/flights/.github/workflows/x.yml@refs/heads/main";
      return { ours: await keyless(onMain), theirs: await keyless(theirs), trust };
    },
  ],
];

describe.each(ways)("evidence signed %s", (_, prepare) => {
  let ours: EvidenceSigner;
  let theirs: EvidenceSigner;
  let trust: Trust;

  beforeAll(async () => {
    ({ ours, theirs, trust } = await prepare());
  });
  beforeEach(async () => {
    image = await pushImage(store, `image ${images++}`);
    await image.sign(ours);
  });

  const check = (changes: Partial<EvidencePolicy["require"][number]> = {}, source?: Source) =>
    checkOf(trust, changes, source);

  it("passes when nothing was tampered with", async () => {
    await image.attest(ours, evalOf({}, aMomentAgo()));
    expect(await check()).toMatchObject({ verdict: "pass", signer: expect.stringMatching(/^(key |https:)/) });
  });

  it("refuses another digest", async () => {
    await image.attest(ours, evalOf({}, aMomentAgo()));
    const missing = `sha256:${"0".repeat(64)}`;
    const request = { source: store, digest: missing, policy: policyOf(trust), now: Date.now() };
    await expect(verifyImage(request)).rejects.toMatchObject({
      code: "not-found",
      remedy: expect.any(String),
    });
    image = await pushImage(store, "another, signed by nobody");
    expect(await check()).toMatchObject({
      verdict: "fail",
      reason: "No evidence of eval is attached to the image.",
    });
  });

  it("refuses an edited statement", async () => {
    await image.attachText(edited(await bundleOf(ours, evalThat("fail", aMomentAgo()))), predicateTypes.eval);
    expect((await check()).reason).toMatch(/edited after it was signed/);
  });

  it("refuses another signer", async () => {
    await image.attest(theirs, evalOf({}, aMomentAgo()));
    expect((await check()).reason).toMatch(
      /^It is signed (with key sha256:[0-9a-f]{12}…; expected key|by https:\/\/github.com\/evil\/.*; expected https:)/,
    );
  });

  it("refuses evidence of another image, swapped", async () => {
    const other = await pushImage(store, `other than ${image.digest}`);
    await image.attachText(await other.attest(ours, evalOf({}, aMomentAgo())), predicateTypes.eval);
    expect((await check()).reason).toContain(`It is about ${other.digest}, not about this image`);
  });

  it("refuses old evidence, replayed", async () => {
    await image.attest(ours, evalOf({}, Date.now() - 49 * hourMs));
    expect((await check({ maxAgeMs: 48 * hourMs })).reason).toBe("It is 2 d 1 h old; the policy allows 2 d.");
  });

  it("refuses an older PASSED behind a newer FAILED", async () => {
    await image.attest(ours, evalThat("fail", Date.now() - hourMs));
    await image.attest(ours, evalOf({}, Date.now() - 2 * hourMs));
    expect((await check()).reason).toMatch(/verdict is FAILED.*newest of 2/);
  });

  it("refuses a changed gate configuration", async () => {
    await image.attest(ours, evalOf({}, aMomentAgo()));
    const expected = { ...nothingExpected, configurations: [`sha256:${"d".repeat(64)}`] };
    expect((await check({ expected })).reason).toMatch(
      /gate configuration sha256:c{64}; the policy allows sha256:d{64}/,
    );
  });

  it("refuses an image that is not signed", async () => {
    image = await pushImage(store, `unsigned ${images}`);
    await image.attest(ours, evalOf({}, aMomentAgo()));
    const { verdict, checks } = await verifyImage({
      source: store,
      digest: image.digest,
      policy: policyOf(trust),
      now: Date.now(),
    });
    expect(verdict).toBe("fail");
    expect(checks[0]?.reason).toMatch(/The image is not signed/);
  });

  it("refuses a FAILED inside", async () => {
    await image.attest(ours, evalThat("fail", aMomentAgo()));
    expect(await check()).toMatchObject({
      reason: "Its verdict is FAILED: f1 >= baseline - 0.02 (it came to fail).",
      remedy: expect.stringMatching(/must not serve/),
    });
  });

  it("refuses a PASSED over failed gates", async () => {
    const statement = evalThat("fail", aMomentAgo()) as unknown as { predicate: { result: string } };
    statement.predicate.result = "PASSED";
    await image.attest(ours, statement);
    expect((await check()).reason).toMatch(/contradicts itself/);
  });

  it("refuses a truncated bundle", async () => {
    const bundle = await bundleOf(ours, evalOf({}, aMomentAgo()));
    await image.attachText(bundle.slice(0, Math.floor(bundle.length * 0.9)), predicateTypes.eval);
    expect((await check()).reason).toMatch(/no Sigstore bundle/);
  });

  it("refuses a bundle whose signature was cut out", async () => {
    const bundle = JSON.parse(await bundleOf(ours, evalOf({}, aMomentAgo())));
    bundle.dsseEnvelope.signatures = [];
    await image.attachText(JSON.stringify(bundle), predicateTypes.eval);
    expect(await check()).toMatchObject({ verdict: "fail" });
  });

  it("refuses what a registry gives for another digest", async () => {
    await image.attest(ours, evalOf({}, aMomentAgo()));
    const proxy = await startFaultProxy(registry.host);
    try {
      const { store: lying } = await openStore(`${proxy.host}/org/flights`);
      expect(await check({}, lying)).toMatchObject({ verdict: "pass" });
      await liesAbout(proxy, /\/blobs\//, lying, trust);
      await liesAbout(proxy, new RegExp(`/manifests/${image.digest}`), lying, trust);
    } finally {
      await proxy.stop();
    }
  });
});

describe("evidence signed without a key", () => {
  const github = "https://token.actions.githubusercontent.com";
  const trustIn = (root: RunningSigstore, identity = onMain): Trust => ({
    kind: "identity",
    identity,
    issuer: github,
    trustedRoot: root.trustedRoot,
  });

  beforeEach(async () => {
    image = await pushImage(store, `image ${images++}`);
  });

  it.each([
    ["an end that is not ours", workflow, `${workflow}.evil@refs/heads/main`],
    ["a branch that begins alike", onMain, `${onMain}.evil`],
    ["a beginning that is not ours", onMain, `https://evil.example/?${onMain}`],
    ["a letter for the dot", onMain, onMain.replace("x.yml", "x-yml")],
    [
      "a name that fits a pattern's middle alone",
      `${workflow}@refs/heads/*`,
      `${workflow}.evil@refs/heads/main`,
    ],
  ])("refuses an identity with %s", async (__, expected, actual) => {
    await image.attest(await keyless(actual), evalOf({}, aMomentAgo()));
    expect((await checkOf(trustIn(sigstore, expected))).reason).toBe(
      `It is signed by ${actual}; expected ${expected}.`,
    );
  });

  it("refuses another issuer", async () => {
    const signer = await keylessSigner({
      token: async () => sigstore.token(onMain, "https://token.evil.example"),
      services: readSigningServices(sigstore.signingConfig, Date.now()),
      trustedRoot: sigstore.trustedRoot,
    });
    await image.attest(signer, evalOf({}, aMomentAgo()));
    expect((await checkOf(trustIn(sigstore))).reason).toMatch(/https:\/\/token.evil.example vouches for/);
  });

  it("refuses a certificate that had expired when it was used", async () => {
    const anHourAgo = new Date(Date.now() - hourMs);
    const stale = await startSigstore({ clock: { fulcio: anHourAgo } });
    try {
      const signer = await keyless(onMain, stale).catch(() => null);
      expect(signer).not.toBeNull();
      await image.attest(signer as EvidenceSigner, evalOf({}, aMomentAgo()));
      expect((await checkOf(trustIn(stale))).reason).toMatch(
        /signed at .* with a certificate valid from .* to /,
      );
    } finally {
      await stale.stop();
    }
  });

  it("refuses certificates of a Sigstore that is not the trusted one", async () => {
    const other = await startSigstore();
    try {
      await image.attest(await keyless(onMain, other), evalOf({}, aMomentAgo()));
      expect((await checkOf(trustIn(sigstore))).reason).toMatch(
        /from no authority of the trusted root|not vouched for/,
      );
    } finally {
      await other.stop();
    }
  });

  it("refuses old evidence that was signed anew today", async () => {
    await image.attest(await keyless(onMain), evalOf({}, Date.now() - 49 * hourMs));
    expect((await checkOf(trustIn(sigstore), { maxAgeMs: 48 * hourMs })).reason).toMatch(/2 d 1 h old/);
  });

  it("refuses evidence of a job that ended after it was signed", async () => {
    await image.attest(await keyless(onMain), evalOf({}, Date.now() + hourMs));
    expect((await checkOf(trustIn(sigstore))).reason).toMatch(/finished .* after it was signed/);
  });
});

function policyOf(trust: Trust, changes: Partial<EvidencePolicy["require"][number]> = {}): EvidencePolicy {
  const requirement = { evidence: "eval" as const, trust, maxAgeMs: null, expected: nothingExpected };
  const digest = `sha256:${"a".repeat(64)}`;
  return { name: "inputs", digest, signature: trust, require: [{ ...requirement, ...changes }] };
}

async function checkOf(
  trust: Trust,
  changes: Partial<EvidencePolicy["require"][number]> = {},
  source: Source = store,
): Promise<EvidenceCheck> {
  const request = { source, digest: image.digest, policy: policyOf(trust, changes), now: Date.now() };
  return (await verifyImage(request)).checks[1] as EvidenceCheck;
}

const aMomentAgo = () => Date.now() - 1000;

const bundleOf = (signer: EvidenceSigner, statement: object) =>
  signer.sign(
    Buffer.from(
      JSON.stringify({
        ...statement,
        subject: [{ name: "image", digest: { sha256: image.digest.slice(7) } }],
      }),
    ),
  );

function edited(text: string): string {
  const bundle = JSON.parse(text);
  const statement = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  expect(statement).toContain("FAILED");
  bundle.dsseEnvelope.payload = Buffer.from(statement.replace("FAILED", "PASSED")).toString("base64");
  return JSON.stringify(bundle);
}

async function liesAbout(proxy: FaultProxy, path: RegExp, source: Source, trust: Trust): Promise<void> {
  proxy.faults[0] = (request, _, forward) => {
    if (request.method !== "GET" || !path.test(request.url ?? "")) return false;
    void lieOf(request.url ?? "", request.headers.accept ?? "*/*").then((body) => forward({ body }));
    return true;
  };
  await expect(
    verifyImage({ source, digest: image.digest, policy: policyOf(trust), now: Date.now() }),
  ).rejects.toMatchObject({ code: "digest", remedy: expect.any(String) });
}

/** What the registry has there, with one bit changed: of the same length, so that only the digest can tell. */
async function lieOf(path: string, accept: string): Promise<Buffer> {
  const answer = await fetch(`http://${registry.host}${path}`, { headers: { accept } });
  const body = Buffer.from(await answer.arrayBuffer());
  const at = Math.floor(body.length / 2);
  body[at] = (body[at] as number) ^ 1;
  return body;
}
