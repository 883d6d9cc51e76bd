/** Ten jobs sign one image at the same time: all evidence is there afterwards, with and without the referrers API. */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readSigned } from "@ml-actions/evidence/signing";
import { openStore } from "@ml-actions/oci/open-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cosign, startCosign } from "../components/cosign.ts";
import { startCraneRegistry } from "../components/crane-registry.ts";
import { pushArtifact, startRegistry } from "../components/docker-registry.ts";

const jobs = 10;
/** Ten processes start on whatever cores there are. */
const timeoutMs = 180_000;
const program = join(import.meta.dirname, "sign-process.ts");
const run = promisify(execFile);

let directory: string;
let cosign: Cosign;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = { secret: "", public: "" };
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-sign-"));
  cosign = await startCosign();
  // A plain key: cosign's own form takes 64 MiB to open, and ten jobs open it at once.
  keys.secret = join(directory, "key.pem");
  keys.public = join(directory, "key.pub");
  await writeFile(keys.secret, privateKey.export({ format: "pem", type: "pkcs8" }));
  await writeFile(keys.public, publicKey.export({ format: "pem", type: "spki" }));
});
afterAll(async () => {
  await cosign.remove();
  await rm(directory, { recursive: true, force: true });
});

async function evidenceOf(digest: string, job: number): Promise<string> {
  const path = join(directory, `${digest.slice(7, 19)}-${job}.json`);
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "flights", digest: { sha256: digest.slice(7) } }],
    predicateType: "https://example.com/parallel/v1",
    predicate: { job },
  };
  await writeFile(path, JSON.stringify(statement));
  return path;
}

async function signInParallel(image: string, digest: string): Promise<Record<string, string>[]> {
  const signing = Array.from({ length: jobs }, async (_, job) => {
    const evidence = await evidenceOf(digest, job);
    const inputs = { image, evidence, key: keys.secret };
    const { stdout } = await run(process.execPath, ["--no-maglev", program, JSON.stringify(inputs)]);
    return JSON.parse(stdout) as Record<string, string>;
  });
  return Promise.all(signing);
}

async function expectAll(image: string, digest: string): Promise<void> {
  const outputs = await signInParallel(image, digest);
  const { store } = await openStore(image);
  const found = await readSigned(store, digest, {
    kind: "key",
    publicKey: await readFile(keys.public, "utf8"),
  });
  expect(found.map(({ error }) => error)).toEqual(found.map(() => null));
  const present = found.map(({ referrer }) => referrer.descriptor.digest);
  for (const { signature, attestations } of outputs) {
    expect(present).toContain(signature);
    expect(present).toContain(JSON.parse(attestations ?? "[]")[0].digest);
  }
  const said = found.flatMap(({ signed }) => {
    const predicate = signed?.statement.predicate as { job?: number } | undefined;
    return predicate?.job === undefined ? [] : [predicate.job];
  });
  expect(said.sort((a, b) => a - b)).toEqual(Array.from({ length: jobs }, (_, job) => job));
}

describe("ten jobs that sign one image at the same time lose nothing", () => {
  it.each([
    ["with referrers API", startCraneRegistry],
    ["without referrers API", startRegistry],
  ])(
    "on a registry %s",
    async (_, start) => {
      const registry = await start();
      try {
        const files = { model: Buffer.from("a model") };
        const digest = await pushArtifact(registry.host, "org/flights", files, { tag: "1" });
        const image = `${registry.host}/org/flights@${digest}`;
        await expectAll(image, digest);
        const by = ["--insecure-ignore-tlog", "--key", keys.public];
        await cosign.run(["verify", ...by, image]);
        const type = ["--type", "https://example.com/parallel/v1"];
        const { stdout } = await cosign.run(["verify-attestation", ...by, ...type, image]);
        expect(stdout.trim().split("\n")).toHaveLength(jobs);
      } finally {
        await registry.stop();
      }
    },
    timeoutMs,
  );

  it(
    "in a layout",
    async () => {
      const { pushImage } = await import("@ml-actions/evidence/verification/testing/image");
      const { store } = await openStore(`oci:${join(directory, "layout")}`);
      const { digest } = await pushImage(store, "parallel");
      await expectAll(`oci:${join(directory, "layout")}@${digest}`, digest);
    },
    timeoutMs,
  );
});
