/**
 * Makes `packages/evidence/src/verification/corpus` anew:
 *
 *     PATH=$PWD/node_modules/.bin:$PATH node --no-maglev test/supply-chain/make-corpus.ts NEW-FOLDER
 *
 * It takes a folder that is not there yet: what was frozen stays, and a later version adds to it.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EvidenceName, imageSignatureType, predicateTypes } from "@ml-actions/evidence/predicates";
import {
  type EvidenceSigner,
  keylessSigner,
  readBundles,
  readSigningServices,
  type Trust,
} from "@ml-actions/evidence/signing";
import { buildOf, evalOf, scanOf } from "@ml-actions/evidence/verification/testing/evidence";
import { newKey, pushImage, type TestImage } from "@ml-actions/evidence/verification/testing/image";
import { openStore } from "@ml-actions/oci/open-store";
import { startCosign } from "../components/cosign.ts";
import { startRegistry } from "../components/docker-registry.ts";
import { goTools } from "../components/go-tool.ts";
import { githubIssuer, type RunningSigstore, startSigstore } from "../components/sigstore.ts";
import { cosignAll, withKey, withoutKey } from "./cosign-evidence.ts";

const identity = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const [folder] = process.argv.slice(2);
if (folder === undefined || existsSync(folder)) {
  console.error("usage: make-corpus.ts NEW-FOLDER (not there yet)");
  process.exit(2);
}

const registry = await startRegistry();
const cosign = await startCosign();
const sigstores = await Promise.all([startSigstore(), startSigstore({ rekorVersion: 2 })]);
try {
  await make(folder);
} finally {
  await Promise.all([registry.stop(), cosign.remove(), ...sigstores.map((each) => each.stop())]);
}

async function make(directory: string): Promise<void> {
  const { store } = await openStore(`${registry.host}/org/flights`);
  const [rekor1, rekor2] = sigstores;
  const key = newKey();
  const pair = await cosign.keyPair("");
  const sets: Record<string, { trust: Trust; attach: (image: TestImage) => Promise<void> }> = {
    "ours-key": { trust: key.trust, attach: (image) => oursAll(image, key) },
    "cosign-key": {
      trust: { kind: "key", publicKey: pair.publicKey },
      attach: async (image) => cosignAll(cosign, referenceOf(image), await withKey(cosign)),
    },
    "ours-keyless": {
      trust: trustIn(rekor1),
      attach: async (image) => oursAll(image, await workflowSigner(rekor1)),
    },
    "ours-keyless-rekor2": {
      trust: trustIn(rekor2),
      attach: async (image) => oursAll(image, await workflowSigner(rekor2)),
    },
    "cosign-keyless": {
      trust: trustIn(rekor1),
      attach: async (image) =>
        cosignAll(cosign, referenceOf(image), await withoutKey(cosign, rekor1, identity)),
    },
  };
  const files: Record<string, string> = {};
  const described: Record<string, object> = {};
  for (const [name, { trust, attach }] of Object.entries(sets)) {
    const image = await pushImage(store, name);
    await attach(image);
    for (const { text } of await readBundles(store, image.digest)) {
      files[`${name}/${kindOf(text ?? "")}.bundle`] = text ?? "";
    }
    files[`${name}/trust.json`] = `${JSON.stringify(trust, null, 2)}\n`;
    described[name] = { image: name, digest: image.digest };
  }
  const about = {
    madeAt: new Date().toISOString(),
    cosign: goTools.cosign.version,
    sets: described,
    files: Object.fromEntries(Object.entries(files).map(([path, text]) => [path, sha256(text)])),
  };
  files["corpus.json"] = `${JSON.stringify(about, null, 2)}\n`;
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(directory, path, ".."), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

function trustIn({ trustedRoot }: RunningSigstore): Trust {
  return { kind: "identity", identity, issuer: githubIssuer, trustedRoot };
}

function workflowSigner(sigstore: RunningSigstore): Promise<EvidenceSigner> {
  return keylessSigner({
    token: async () => sigstore.token(identity),
    services: readSigningServices(sigstore.signingConfig, Date.now()),
    trustedRoot: sigstore.trustedRoot,
  });
}

async function oursAll(image: TestImage, signer: EvidenceSigner): Promise<void> {
  const finishedAt = Date.now() - 1000;
  await image.sign(signer);
  for (const statement of [buildOf(undefined, finishedAt), evalOf({}, finishedAt), scanOf({}, finishedAt)]) {
    await image.attest(signer, statement);
  }
}

function referenceOf({ digest }: TestImage): string {
  return `${registry.host}/org/flights@${digest}`;
}

function kindOf(bundle: string): EvidenceName | "signature" {
  const payload = JSON.parse(bundle).dsseEnvelope.payload;
  const { predicateType } = JSON.parse(Buffer.from(payload, "base64").toString());
  if (predicateType === imageSignatureType) return "signature";
  const names = Object.keys(predicateTypes) as EvidenceName[];
  return names.find((name) => predicateTypes[name] === predicateType) ?? "eval";
}

function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
