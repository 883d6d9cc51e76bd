/** The generated ImageValidatingPolicy, held by Kyverno itself against images that this project signed. */
import { createPublicKey } from "node:crypto";
import { admissionFiles } from "@ml-actions/admission";
import { type EvidenceSigner, keylessSigner, readSigningServices } from "@ml-actions/evidence/signing";
import { readPolicy } from "@ml-actions/evidence/verification";
import { evalOf } from "@ml-actions/evidence/verification/testing/evidence";
import { newKey } from "@ml-actions/evidence/verification/testing/image";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { kyvernoApply } from "../components/kyverno.ts";
import { type RunningSigstore, startSigstore } from "../components/sigstore.ts";
import { startTufRepository, type TufRepository } from "../components/tuf-repository.ts";
import { bad, fullPolicy, good, imageWith } from "./admission-evidence.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
let registry: RunningRegistry;
let sigstore: RunningSigstore;
let tuf: TufRepository;

beforeAll(async () => {
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  tuf = await startTufRepository(targetsOf(sigstore.trustedRoot as TrustedRoot));
});
afterAll(() => Promise.all([registry?.stop(), sigstore?.stop(), tuf?.stop()]));

interface TrustedRoot {
  certificateAuthorities: [{ certChain: { certificates: [{ rawBytes: string }] } }];
  tlogs: [{ publicKey: { rawBytes: string } }];
  ctlogs: [{ publicKey: { rawBytes: string } }];
}

/** Kyverno wants the targets of Sigstore's first years beside the trusted root, or it verifies nothing. */
function targetsOf(root: TrustedRoot): Record<string, string> {
  const [{ certChain }] = root.certificateAuthorities;
  const publicKey = ([{ publicKey: key }]: TrustedRoot["tlogs"]) =>
    String(
      createPublicKey({ key: Buffer.from(key.rawBytes, "base64"), format: "der", type: "spki" }).export({
        type: "spki",
        format: "pem",
      }),
    );
  const lines = certChain.certificates[0].rawBytes.match(/.{1,64}/g) ?? [];
  return {
    "trusted_root.json": JSON.stringify(root),
    "fulcio_v1.crt.pem": `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    "rekor.pub": publicKey(root.tlogs),
    "ctfe.pub": publicKey(root.ctlogs),
  };
}

const signerAs = (identity: string) =>
  keylessSigner({
    token: async () => sigstore.token(identity),
    services: readSigningServices(sigstore.signingConfig, Date.now()),
    trustedRoot: sigstore.trustedRoot,
  });

/** @param signer a line of the policy */
function policyOf(signer: string): string {
  const { files } = admissionFiles({
    policy: readPolicy(fullPolicy(signer), "trust.yaml"),
    sigstore: { kind: "tuf", mirror: tuf.url, firstRoot: tuf.files.get("1.root.json") as Buffer },
    registries: [`${registry.host}/org`],
    audit: false,
  });
  return files.find(({ path }) => path.startsWith("kyverno/"))?.text ?? "";
}

const keyLine = (signer: EvidenceSigner) =>
  signer.trust.kind === "key" ? `key: ${JSON.stringify(signer.trust.publicKey)}` : "";

function podOf(image: string, name = "flights", namespace = "production"): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "main", image }], initContainers: [{ name: "other", image: "busybox" }] },
  };
}

async function verdict(policy: string, image: string, namespace?: string): Promise<string> {
  const { pass, fail, error, said } = await kyvernoApply(policy, [podOf(image, "flights", namespace)]);
  const found = { pass, fail, error };
  const verdicts = Object.entries(found).filter(([, count]) => count > 0);
  if (Object.values(found).some(Number.isNaN)) throw new Error(said);
  return verdicts.map(([name]) => name).join(", ") || "none of its business";
}

describe("signed with a key", () => {
  let signer: EvidenceSigner;
  let policy: string;
  beforeAll(() => {
    signer = newKey();
    policy = policyOf(keyLine(signer));
  });

  it("admits good evidence, and refuses what is wrong in one respect", async () => {
    const made = async (evidence: Parameters<typeof imageWith>[2]) =>
      (await imageWith(registry.host, signer, evidence)).reference;
    // One process for all: it takes a second to start.
    const names: Record<string, string> = {};
    const pods: object[] = [];
    const cases = [
      ...Object.entries(good),
      ...Object.entries(bad).map(([name, { evidence }]) => [name, evidence] as const),
    ];
    for (const [name, evidence] of cases) {
      const pod = `pod-${pods.length}`;
      names[pod] = name;
      pods.push(podOf(await made(evidence()), pod));
    }
    const { pass, error, refused, said } = await kyvernoApply(policy, pods);
    expect(refused.map((pod) => names[pod]).sort(), said).toEqual(Object.keys(bad).sort());
    expect({ pass, error }).toEqual({ pass: Object.keys(good).length, error: 0 });
  });

  it("refuses evidence by another key", async () => {
    const { reference } = await imageWith(registry.host, newKey(), {});
    expect(await verdict(policy, reference)).toBe("fail");
  });

  it("refuses an image whose last test result is of another kind, as its head tells", async () => {
    const image = await imageWith(registry.host, signer, {});
    await image.attest(signer, evalOf({ kind: "canary" }, Date.now() - 1000));
    expect(await verdict(policy, image.reference)).toBe("fail");
    expect(policy).toMatch(/^# - eval: shares its predicate type/m);
  });

  it("leaves namespaces alone that were not opted in", async () => {
    const { reference } = await imageWith(registry.host, newKey(), {});
    expect(await verdict(policy, reference, "kube-system")).toBe("none of its business");
  });
});

describe("signed without a key", () => {
  it("admits what its workflow signed", async () => {
    const { reference } = await imageWith(registry.host, await signerAs(workflow), {});
    expect(await verdict(policyOf(`identity: ${workflow}`), reference)).toBe("pass");
    expect(await verdict(policyOf(`identity: ${workflow.replace("main", "*")}`), reference)).toBe("pass");
  });

  it.each([
    ["another workflow", workflow.replace("deliver", "evil")],
    ["a workflow whose name goes on", workflow.replace("deliver.yml@refs", "deliver.yml.evil@refs")],
    ["a dot that is any character", workflow.replace("deliver.yml", "deliverXyml")],
  ])("refuses evidence by %s", async (_, identity) => {
    const { reference } = await imageWith(registry.host, await signerAs(identity), {});
    expect(await verdict(policyOf(`identity: ${workflow.replace("main", "*")}`), reference)).toBe("fail");
  });

  it.each(["a verdict FAILED", "no evidence of eval"])("refuses %s", async (name) => {
    const evidence = bad[name]?.evidence() ?? {};
    const { reference } = await imageWith(registry.host, await signerAs(workflow), evidence);
    expect(await verdict(policyOf(`identity: ${workflow}`), reference)).toBe("fail");
  });
});
