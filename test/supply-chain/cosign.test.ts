/** Real cosign v3 and `sign` read each other: signatures and attestations, by key and by identity, with and without the
 * referrers API. */
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  aboutImage,
  attest,
  type EvidenceSigner,
  imageSignature,
  keylessSigner,
  keySigner,
  readSigned,
  readSigningServices,
  type SignedStatement,
} from "@ml-actions/evidence/signing";
import { openStore } from "@ml-actions/oci/open-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cosign, startCosign } from "../components/cosign.ts";
import { startCraneRegistry } from "../components/crane-registry.ts";
import { pushArtifact, type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { githubIssuer, type RunningSigstore, startSigstore } from "../components/sigstore.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const password = "pass word";
/** A key's keeper needs no log; cosign wants that said. */
const byKey = ["--insecure-ignore-tlog", "--key"];
const predicates = [
  "https://slsa.dev/provenance/v1",
  "https://in-toto.io/attestation/test-result/v0.1",
  "https://in-toto.io/attestation/vulns/v0.2",
  "https://cyclonedx.org/bom",
];

let cosign: Cosign;
let keys: Awaited<ReturnType<Cosign["keyPair"]>>;
const registries: Record<string, RunningRegistry> = {};
let pushed = 0;

beforeAll(async () => {
  [cosign, registries.without, registries.with] = await Promise.all([
    startCosign(),
    startRegistry(),
    startCraneRegistry(),
  ]);
  keys = await cosign.keyPair(password);
  const none = { mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json" };
  await writeFile(join(cosign.directory, "no-services.json"), JSON.stringify(none));
  await writeFile(join(cosign.directory, "predicate.json"), '{"result":"PASSED"}');
});
afterAll(async () => {
  await Promise.all(Object.values(registries).map((registry) => registry.stop()));
  await cosign?.remove();
});

async function newImage(registry: RunningRegistry) {
  const tag = `v${++pushed}`;
  const digest = await pushArtifact(registry.host, "org/flights", { a: Buffer.from(tag) }, { tag });
  const reference = `${registry.host}/org/flights@${digest}`;
  const { store } = await openStore(reference);
  const image = await store.resolve(digest);
  if (image === null) throw new Error("it was pushed just now");
  return { reference, digest, store, image };
}

/** As the action does it. */
async function signAll(
  { store, image, digest }: Awaited<ReturnType<typeof newImage>>,
  signer: EvidenceSigner,
) {
  const model = { name: "model", digest: { sha256: "b".repeat(64) } };
  for (const predicateType of predicates) {
    const claim: SignedStatement = { ...imageSignature(digest), subject: [model], predicateType };
    const said = aboutImage(claim, { name: "flights", digest }, [`sha256:${"b".repeat(64)}`], "it");
    await attest(store, image, said, signer, []);
  }
  await attest(store, image, imageSignature(digest), signer, []);
}

const fails = (args: string[]) => expect(cosign.run(args)).rejects.toThrow("no matching attestations");

describe.each(["with", "without"])("on a registry %s referrers API", (kind) => {
  const registry = () => registries[kind] as RunningRegistry;

  it("cosign verifies the image and every attestation that a key signed", async () => {
    const made = await newImage(registry());
    await signAll(made, keySigner(keys.privateKey, password));
    await cosign.run(["verify", ...byKey, keys.publicPath, made.reference]);
    for (const type of predicates) {
      const args = ["verify-attestation", ...byKey, keys.publicPath, "--type", type, made.reference];
      const { stdout } = await cosign.run(args);
      const { payload } = JSON.parse(stdout.trim().split("\n")[0] ?? "{}");
      expect(JSON.parse(Buffer.from(payload, "base64").toString()).predicateType).toBe(type);
    }
    const other = await cosign.keyPair("", `other-${kind}`);
    await fails(["verify", ...byKey, other.publicPath, made.reference]);
  });

  it("what cosign signs and attests with a key is believed", async () => {
    const { reference, digest, store } = await newImage(registry());
    const by = ["--key", "cosign.key", "--signing-config", "no-services.json"];
    const environment = { COSIGN_PASSWORD: password };
    await cosign.run(["sign", ...by, reference], environment);
    const predicate = ["--type", "https://example.com/x", "--predicate", "predicate.json"];
    await cosign.run(["attest", ...by, ...predicate, reference], environment);
    const { trust, description } = keySigner(keys.privateKey, password);
    const found = await readSigned(store, digest, trust);
    expect(found.map(({ error }) => error)).toEqual([null, null]);
    expect(found.map(({ signed }) => signed?.signer)).toEqual([description, description]);
    expect(found.map(({ signed }) => signed?.statement.predicateType).sort()).toEqual([
      "https://example.com/x",
      "https://sigstore.dev/cosign/sign/v1",
    ]);
  });
});

describe("other keys than cosign's own", () => {
  it.each([
    ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["Ed25519", generateKeyPairSync("ed25519")],
  ])("%s: cosign verifies what it signed", async (name, { privateKey, publicKey }) => {
    const made = await newImage(registries.with as RunningRegistry);
    const path = join(cosign.directory, `${name}.pub`);
    await writeFile(path, publicKey.export({ format: "pem", type: "spki" }));
    await signAll(made, keySigner(String(privateKey.export({ format: "pem", type: "pkcs8" }))));
    await cosign.run(["verify", ...byKey, path, made.reference]);
  });

  it.each([
    ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["EC P-384", generateKeyPairSync("ec", { namedCurve: "P-384" })],
  ])("%s: what cosign signs with it is believed", async (name, { privateKey }) => {
    const { reference, digest, store } = await newImage(registries.with as RunningRegistry);
    const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
    const prefix = name.replace(" ", "-");
    await writeFile(join(cosign.directory, `${prefix}.pem`), pem);
    await cosign.run(["import-key-pair", "--key", `${prefix}.pem`, "--output-key-prefix", prefix]);
    await cosign.run(["sign", "--key", `${prefix}.key`, "--signing-config", "no-services.json", reference]);
    const [found] = await readSigned(store, digest, keySigner(pem).trust);
    expect(found?.error).toBeNull();
  });
});

describe("without a key, at a Sigstore of one's own", () => {
  let sigstore: RunningSigstore;
  const signerAt = (of: RunningSigstore) =>
    keylessSigner({
      token: async () => of.token(workflow),
      services: readSigningServices(of.signingConfig, Date.now()),
      trustedRoot: of.trustedRoot,
    });
  const by = (identity: string, issuer = githubIssuer) => [
    ...["--certificate-identity", identity, "--certificate-oidc-issuer", issuer],
    ...["--trusted-root", "trusted_root.json"],
  ];
  const start = async (...options: Parameters<typeof startSigstore>) => {
    sigstore = await startSigstore(...options);
    for (const [name, value] of [
      ["trusted_root.json", sigstore.trustedRoot],
      ["signing_config.json", sigstore.signingConfig],
    ] as const)
      await writeFile(join(cosign.directory, name), JSON.stringify(value));
  };

  it.each([
    ["Rekor 1 and a timestamp authority", {}],
    ["Rekor 1 alone", { services: { tsa: false } }],
    ["Rekor 2 and a timestamp authority", { rekorVersion: 2 as const }],
  ])("cosign verifies what a workflow signed with %s", async (_, options) => {
    await start(options);
    try {
      const made = await newImage(registries.with as RunningRegistry);
      await signAll(made, await signerAt(sigstore));
      await cosign.run(["verify", ...by(workflow), made.reference]);
      const scan = ["--type", "https://in-toto.io/attestation/vulns/v0.2"];
      await cosign.run(["verify-attestation", ...by(workflow), ...scan, made.reference]);
      await fails(["verify", ...by(`${workflow}.evil`), made.reference]);
    } finally {
      await sigstore.stop();
    }
  });

  it("what cosign signs and attests as a workflow is believed, from that workflow alone", async () => {
    await start();
    try {
      const { reference, digest, store } = await newImage(registries.without as RunningRegistry);
      const services = ["--signing-config", "signing_config.json", "--trusted-root", "trusted_root.json"];
      const as = ["--identity-token", sigstore.token(workflow), ...services, "--yes"];
      await cosign.run(["sign", ...as, reference]);
      const predicate = ["--type", "https://example.com/x", "--predicate", "predicate.json"];
      await cosign.run(["attest", ...as, ...predicate, reference]);
      const trust = { kind: "identity", issuer: githubIssuer, trustedRoot: sigstore.trustedRoot } as const;
      const found = await readSigned(store, digest, { ...trust, identity: workflow });
      expect(found.map(({ signed }) => [signed?.signer, signed?.issuer])).toEqual([
        [workflow, githubIssuer],
        [workflow, githubIssuer],
      ]);
      for (const { signed } of found) expect(signed?.signedAt).toBeGreaterThan(Date.now() - 60_000);
      const others = await readSigned(store, digest, { ...trust, identity: workflow.replace("main", "mai") });
      expect(others.map(({ error }) => (error as { code?: string }).code)).toEqual(["identity", "identity"]);
    } finally {
      await sigstore.stop();
    }
  });
});
