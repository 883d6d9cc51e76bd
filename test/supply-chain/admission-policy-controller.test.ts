/** The generated ClusterImagePolicies, held by policy-controller itself against images that this project signed. */
import { admissionFiles } from "@ml-actions/admission";
import { type EvidenceSigner, keylessSigner, readSigningServices } from "@ml-actions/evidence/signing";
import { readPolicy } from "@ml-actions/evidence/verification";
import { evalOf } from "@ml-actions/evidence/verification/testing/evidence";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { testPolicies } from "../components/policy-controller.ts";
import { type RunningSigstore, startSigstore } from "../components/sigstore.ts";
import { bad, fullPolicy, good, imageWith } from "./admission-evidence.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
let registry: RunningRegistry;
let sigstore: RunningSigstore;
let signer: EvidenceSigner;
let policies: string;
let trustRoot: string;

beforeAll(async () => {
  [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  signer = await signerAs(workflow);
  const { files } = admissionFiles({
    policy: readPolicy(fullPolicy(`identity: ${workflow.replace("main", "*")}`), "trust.yaml"),
    sigstore: { kind: "trusted-root", root: sigstore.trustedRoot },
    registries: [`${registry.host}/org`],
    audit: false,
  });
  const textOf = (path: string) =>
    files.find((file) => file.path === `policy-controller/${path}`)?.text ?? "";
  [policies, trustRoot] = [textOf("cluster-image-policies.yaml"), textOf("trust-root.yaml")];
});
afterAll(() => Promise.all([registry?.stop(), sigstore?.stop()]));

function signerAs(identity: string): Promise<EvidenceSigner> {
  return keylessSigner({
    token: async () => sigstore.token(identity),
    services: readSigningServices(sigstore.signingConfig, Date.now()),
    trustedRoot: sigstore.trustedRoot,
  });
}

const admission = (reference: string) => testPolicies(policies, trustRoot, reference);

it.each(Object.entries(good))("admits %s", async (_, evidence) => {
  const { reference } = await imageWith(registry.host, signer, evidence());
  expect(await admission(reference)).toMatchObject({ admitted: true });
});

it.each(Object.entries(bad))("refuses %s", async (_, { evidence, said }) => {
  const { reference } = await imageWith(registry.host, signer, evidence());
  const result = await admission(reference);
  expect(result.said).toMatch(said);
  expect(result.admitted).toBe(false);
});

it("refuses an image without any signature", async () => {
  const { reference } = await imageWith(registry.host, signer, {});
  const [repository] = reference.split("@");
  const other = await admission(`${repository}@sha256:${"0".repeat(64)}`);
  expect(other.admitted).toBe(false);
});

it.each([
  ["another workflow", workflow.replace("deliver", "evil")],
  ["a workflow whose name goes on", `${workflow.replace("deliver.yml@refs", "deliver.yml.evil@refs")}`],
  ["a dot that is any character", workflow.replace("deliver.yml", "deliverXyml")],
])("refuses evidence by %s", async (_, identity) => {
  const { reference } = await imageWith(registry.host, await signerAs(identity), {});
  const { admitted, said } = await admission(reference);
  expect(said).toMatch(/no matching CertificateIdentity|no matching attestations|failed to verify/);
  expect(admitted).toBe(false);
});

it("refuses evidence that was copied from another image", async () => {
  const donor = await imageWith(registry.host, signer, {});
  const text = await donor.attest(signer, evalOf({}, Date.now() - 1000));
  const image = await imageWith(registry.host, signer, { eval: [] });
  await image.attachText(text, "https://in-toto.io/attestation/test-result/v0.1");
  expect((await admission(image.reference)).admitted).toBe(false);
});

it("lets a newer statement that says no be outvoted, as its head tells", async () => {
  const image = await imageWith(registry.host, signer, {});
  const { evidence } = bad["a verdict FAILED"] as (typeof bad)[string];
  for (const statement of evidence().eval ?? []) await image.attest(signer, statement);
  expect((await admission(image.reference)).admitted).toBe(true);
  expect(policies).toContain("# - one statement that holds is enough");
});
