/** What real cosign signed and attested, verified by this project, on a registry without and one with the referrers API. */
import type { Trust } from "@ml-actions/evidence/signing";
import { type EvidencePolicy, verifyImage } from "@ml-actions/evidence/verification";
import { nothingExpected } from "@ml-actions/evidence/verification/policy";
import { pushImage } from "@ml-actions/evidence/verification/testing/image";
import { openStore } from "@ml-actions/oci/open-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cosign, startCosign } from "../components/cosign.ts";
import { startCraneRegistry } from "../components/crane-registry.ts";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { type RunningSigstore, startSigstore } from "../components/sigstore.ts";
import { cosignAll, withKey, withoutKey } from "./cosign-evidence.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
let cosign: Cosign;
let registries: Record<"docker-registry" | "crane registry", RunningRegistry>;
let sigstore: RunningSigstore;
let publicKey: string;

beforeAll(async () => {
  cosign = await startCosign();
  ({ publicKey } = await cosign.keyPair(""));
  sigstore = await startSigstore();
  registries = { "docker-registry": await startRegistry(), "crane registry": await startCraneRegistry() };
});
afterAll(async () => {
  await Promise.all(Object.values(registries ?? {}).map((registry) => registry.stop()));
  await sigstore?.stop();
  await cosign?.remove();
});

describe.each(["with a key", "without a key"])("an image signed and attested by cosign %s", (way) => {
  it.each(["docker-registry", "crane registry"] as const)("verifies in %s", async (name) => {
    const registry = registries[name];
    const { store } = await openStore(`${registry.host}/org/flights`);
    const { digest } = await pushImage(store, way);
    const reference = `${registry.host}/org/flights@${digest}`;
    const { how, trust } = way === "with a key" ? await key() : await identity();
    await cosignAll(cosign, reference, how);

    const result = await verifyImage({ source: store, digest, policy: policyOf(trust), now: Date.now() });
    expect(result.checks.map(({ evidence, verdict, reason }) => ({ evidence, verdict, reason }))).toEqual([
      { evidence: "signature", verdict: "pass", reason: "signed as this digest" },
      { evidence: "build", verdict: "pass", reason: expect.stringMatching(/^built by https:/) },
      { evidence: "eval", verdict: "pass", reason: expect.stringMatching(/^PASSED: 2 of 2 gates hold/) },
      { evidence: "scan", verdict: "pass", reason: expect.stringMatching(/^pass: 0 findings/) },
    ]);
    expect(result.checks[0]?.ageMs === null).toBe(way === "with a key");
  });
});

async function key(): Promise<{ how: string[]; trust: Trust }> {
  return { how: await withKey(cosign), trust: { kind: "key", publicKey } };
}

async function identity(): Promise<{ how: string[]; trust: Trust }> {
  const { trustedRoot } = sigstore;
  const issuer = "https://token.actions.githubusercontent.com";
  return {
    how: await withoutKey(cosign, sigstore, workflow),
    trust: { kind: "identity", identity: workflow.replace("main", "*"), issuer, trustedRoot },
  };
}

function policyOf(trust: Trust): EvidencePolicy {
  const require = (["build", "eval", "scan"] as const).map((evidence) => ({
    evidence,
    trust,
    maxAgeMs: 3_600_000,
    expected: nothingExpected,
  }));
  return { name: "inputs", digest: `sha256:${"a".repeat(64)}`, signature: trust, require };
}
