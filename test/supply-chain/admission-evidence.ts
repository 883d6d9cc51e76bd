/** A policy that asks for everything, and evidence that is wrong in one respect: the same for every engine. */
import { verdict } from "@ml-actions/evidence/example";
import type { EvidenceSigner } from "@ml-actions/evidence/signing";
import { buildOf, evalOf, evalThat, scanOf } from "@ml-actions/evidence/verification/testing/evidence";
import { pushImage, type TestImage } from "@ml-actions/evidence/verification/testing/image";
import { openStore } from "@ml-actions/oci/open-store";

const configuration = `sha256:${"c".repeat(64)}`;
const hourMs = 3_600_000;

/** @param signer a line of the policy: `identity: …` or `key: …` */
export function fullPolicy(signer: string): string {
  return `${signer}
max-age: 1h
require:
  build:
    builder: https://github.com/org/*
  eval:
    configurations: ["${configuration}"]
    gates: ["f1{carrier=*} >= 0.3", "f1 >= baseline - 0.02"]
    rule: estimate
    min-confidence: 0.9
  scan:
    severity: [HIGH]
    max-db-age: 24h
`;
}

type Statement = object & { predicateType: string };
interface Evidence {
  build: Statement[];
  eval: Statement[];
  scan: Statement[];
}

const finding = {
  id: "CVE-2026-1",
  package: "zlib",
  installed: "1.2",
  fixed: "1.3",
  severity: "HIGH" as const,
  ratedBy: "nvd",
  platforms: ["linux/amd64"],
};
const scanPolicy = {
  severity: ["CRITICAL" as const],
  ignoreUnfixed: false,
  maxDbAgeMs: 48 * hourMs,
  ignored: [],
};
const acceptedUntil = (expires: string) => ({
  ...scanPolicy,
  ignored: [{ id: finding.id, package: null, reason: "not reachable", expires }],
});
const scanner = (databaseAgeMs: number, at: number) => ({
  ...scanOfScanner,
  database: { uri: "ghcr.io/aquasecurity/trivy-db:2", version: "2", updatedAt: at - databaseAgeMs },
});
const scanOfScanner = {
  uri: "pkg:github/aquasecurity/trivy@0.69.3",
  version: "0.69.3",
  digest: `sha256:${"e".repeat(64)}`,
};
const tomorrow = () => new Date(Date.now() + 24 * hourMs).toISOString().slice(0, 10);
const yesterday = () => new Date(Date.now() - 48 * hourMs).toISOString().slice(0, 10);

/** Name of the case → what is not as in good evidence. Evaluated late: evidence is young. */
export const good: Record<string, () => Partial<Evidence>> = {
  "good evidence": () => ({}),
  "a finding that was accepted until tomorrow": () => ({
    scan: [scanOf({ findings: [finding], policy: acceptedUntil(tomorrow()) }, now())],
  }),
  "a finding of a severity that does not block": () => ({
    scan: [scanOf({ findings: [{ ...finding, severity: "LOW" }] }, now())],
  }),
};

/** As `good`; with what policy-controller says of it. */
export const bad: Record<string, { evidence: () => Partial<Evidence>; said: RegExp }> = {
  "no evidence of eval": { evidence: () => ({ eval: [] }), said: /no matching attestations/ },
  "a verdict FAILED": {
    evidence: () => ({ eval: [evalThat("fail", now())] }),
    said: /its result is not PASSED/,
  },
  "a verdict WARNED": {
    evidence: () => ({ eval: [evalThat("inconclusive", now())] }),
    said: /its result is not PASSED/,
  },
  "evidence of shadow for that of eval": {
    evidence: () => ({ eval: [evalOf({ kind: "shadow" }, now())] }),
    said: /another kind/,
  },
  "old evidence": { evidence: () => ({ eval: [evalOf({}, now() - 2 * hourMs)] }), said: /older than/ },
  "evidence from the future": {
    evidence: () => ({ eval: [evalOf({}, now() + hourMs)] }),
    said: /the future/,
  },
  "another gate configuration": {
    evidence: () => ({
      eval: [evalOf({ configuration: [{ name: "gates", digest: `sha256:${"d".repeat(64)}` }] }, now())],
    }),
    said: /configuration that the policy does not know/,
  },
  "a gate that was not judged": {
    evidence: () => ({ eval: [evalOf({ verdicts: [verdict()] }, now())] }),
    said: /does not judge f1\{carrier=\*\}/,
  },
  "a weaker rule": { evidence: () => ({ eval: [evalOf({ rule: "refute" }, now())] }), said: /weaker rule/ },
  "a lower confidence": {
    evidence: () => ({ eval: [evalOf({ confidence: 0.8 }, now())] }),
    said: /lower confidence/,
  },
  "another builder": {
    evidence: () => ({ build: [buildOf("https://github.com/organised/x", now())] }),
    said: /built by somebody else/,
  },
  "a finding that the policy blocks": {
    evidence: () => ({ scan: [scanOf({ findings: [finding] }, now())] }),
    said: /CVE-2026-1 blocks/,
  },
  "a finding whose acceptance is over": {
    evidence: () => ({
      scan: [scanOf({ findings: [finding], policy: acceptedUntil(yesterday()) }, now())],
    }),
    said: /CVE-2026-1 blocks/,
  },
  "a scan that doubts itself": {
    evidence: () => ({ scan: [scanOf({ verdict: "inconclusive", doubts: ["end of life"] }, now())] }),
    said: /verdict is not pass/,
  },
  "an old database": {
    evidence: () => ({ scan: [scanOf({ scanner: scanner(30 * hourMs, now()) }, now())] }),
    said: /database was older/,
  },
};

/** Pushes an image of its own and attaches what the case says. @returns by digest */
export async function imageWith(
  host: string,
  signer: EvidenceSigner,
  evidence: Partial<Evidence>,
): Promise<TestImage & { reference: string }> {
  const { store } = await openStore(`${host}/org/flights`);
  const image = await pushImage(store, crypto.randomUUID());
  await image.sign(signer);
  const all = { build: [buildOf(undefined, now())], eval: [evalOf({}, now())], scan: [scanOf({}, now())] };
  for (const statement of Object.values({ ...all, ...evidence }).flat())
    await image.attest(signer, statement);
  return { ...image, reference: `${host}/org/flights@${image.digest}` };
}

const now = () => Date.now() - 1000;
