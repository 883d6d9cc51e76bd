/** An image in a layout on disk, with evidence attached to it, for tests. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Descriptor, Store } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";
import { imageSignatureType } from "../../predicates.ts";
import { attach, type EvidenceSigner, keySigner } from "../../signing.ts";

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";

/** Milliseconds since 1970: the clock of these tests. */
export const noon = Date.UTC(2026, 10, 22, 12);
export const dayMs = 86_400_000;

export function newKey(): EvidenceSigner {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return keySigner(String(privateKey.export({ type: "pkcs8", format: "pem" })));
}

export interface TestImage {
  store: Store;
  subject: Descriptor;
  digest: string;
  /** Signs a statement about this image and attaches it. @returns the bundle's text */
  attest(signer: EvidenceSigner, statement: object): Promise<string>;
  attachText(bundle: string, predicateType: string): Promise<void>;
  sign(signer: EvidenceSigner): Promise<string>;
}

/** Pushes the smallest image that is one; `content` makes it another. */
export async function pushImage(store: Store, content: string): Promise<TestImage> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Labels: { content } },
      rootfs: { type: "layers", diff_ids: [] },
    }),
  );
  const described = { mediaType: configType, size: config.byteLength, digest: digestOf(config) };
  await store.pushBlob(described, async function* (offset) {
    yield config.subarray(offset);
  });
  const manifest = { schemaVersion: 2, mediaType: manifestType, config: described, layers: [] };
  const subject = await store.pushManifest(Buffer.from(JSON.stringify(manifest)), manifestType);
  return imageAt(store, subject);
}

export function imageAt(store: Store, subject: Descriptor): TestImage {
  const { digest } = subject;
  const attachText = async (bundle: string, predicateType: string) => {
    await attach(store, subject, bundle, predicateType);
  };
  const attest: TestImage["attest"] = async (signer, statement) => {
    const about = { ...statement, subject: [{ name: "image", digest: { sha256: digest.slice(7) } }] };
    const bundle = await signer.sign(Buffer.from(JSON.stringify(about)));
    await attachText(bundle, (statement as { predicateType: string }).predicateType);
    return bundle;
  };
  const sign = (signer: EvidenceSigner) =>
    attest(signer, { _type: statementType, predicateType: imageSignatureType, predicate: {} });
  return { store, subject, digest, attest, attachText, sign };
}

/** A layout of its own; `remove` deletes it. */
export async function layoutStore(): Promise<{ store: Store; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-verify-"));
  const { store } = await openStore(`oci:${join(directory, "image")}`);
  return { store, remove: () => rm(directory, { recursive: true, force: true }) };
}

const statementType = "https://in-toto.io/Statement/v1";

const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
