/** The built action: a key from a secret, the workflow itself, and what the log must never hold. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testResult } from "@ml-actions/evidence/example";
import { readBundles, readSigned, verifySigned } from "@ml-actions/evidence/signing";
import {
  cosignPassword,
  cosignPrivateKey,
  cosignPublicKey,
} from "@ml-actions/evidence/signing/testing/cosign-pair";
import { testResultStatement } from "@ml-actions/evidence/statement";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSigstore, startSigstore } from "../components/sigstore.ts";
import { startTufRepository } from "../components/tuf-repository.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { imageOf, scratch } from "./image-fixture.ts";
import { newJob } from "./suite.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
let job: Job;
let sigstore: RunningSigstore;
beforeAll(async () => {
  [job, sigstore] = [await newJob(), await startSigstore()];
});
afterAll(async () => {
  await sigstore.stop();
  for (const post of await job.end()) expect(post.exitCode, post.raw).toBe(0);
});

const sign = (inputs: Record<string, string>, env: Record<string, string> = {}): Promise<PhaseResult> =>
  job.run({ action: "sign", inputs, env });

/** In the workspace, as an artifact of earlier jobs lies there. */
function evidenceOf(digest: string, name: string): void {
  const statement = testResultStatement(testResult({ subject: { name: "flights-1", digest } }));
  writeFileSync(join(job.workspace, name), JSON.stringify(statement));
}

describe("sign, as built", () => {
  it("signs with a key from secrets, which no log holds", async () => {
    const image = await imageOf("flights-1");
    evidenceOf(image.releaseDigest, "eval.json");
    const inputs = { image: image.reference, evidence: "**/eval.json" };
    const done = await sign({ ...inputs, key: cosignPrivateKey, "key-password": cosignPassword });
    expect(done.exitCode, done.raw).toBe(0);
    const found = await readSigned(image.store, image.digest, { kind: "key", publicKey: cosignPublicKey });
    expect(found.map(({ error }) => error)).toEqual([null, null]);
    const beside = found.map(({ referrer }) => referrer.descriptor.digest);
    const [attestation] = JSON.parse(done.outputs.attestations as string);
    expect(attestation).toMatchObject({ file: "eval.json", new: true });
    expect(beside.sort()).toEqual([attestation.digest, done.outputs.signature].sort());
    const shown = done.log.concat(done.summary);
    for (const secret of [cosignPassword, ...cosignPrivateKey.split("\n").slice(1, 4)])
      expect(shown).not.toContain(secret);
  });

  it("signs as the workflow, at a Sigstore of its own", async () => {
    const image = await imageOf("flights-1");
    const directory = scratch();
    const file = (name: string, value: unknown) => {
      writeFileSync(join(directory, name), JSON.stringify(value));
      return join(directory, name);
    };
    const inputs = {
      image: image.reference,
      "trusted-root": file("trusted_root.json", sigstore.trustedRoot),
      "signing-config": file("signing_config.json", sigstore.signingConfig),
    };
    const done = await sign(inputs, sigstore.runner(workflow));
    expect(done.exitCode, done.raw).toBe(0);
    const [bundle] = await readBundles(image.store, image.digest);
    const trusted = { kind: "identity", trustedRoot: sigstore.trustedRoot } as const;
    const issuer = "https://token.actions.githubusercontent.com";
    const signed = await verifySigned(bundle?.text ?? "", { ...trusted, identity: workflow, issuer });
    expect(signed.signer).toBe(workflow);
  });

  it("learns by TUF where to sign, and says why when it cannot", async () => {
    const image = await imageOf("flights-1");
    const tuf = await startTufRepository({
      "trusted_root.json": JSON.stringify(sigstore.trustedRoot),
      "signing_config.v0.2.json": JSON.stringify(sigstore.signingConfig),
    });
    try {
      const at = (sha256: string) => ({ image: image.reference, "tuf-url": `${tuf.url}#sha256:${sha256}` });
      const refused = await sign(at("0".repeat(64)), sigstore.runner(workflow));
      expect(errorsOf(refused).join("\n")).toContain(`expected sha256:${"0".repeat(64)}`);
      const done = await sign(at(tuf.rootSha256), sigstore.runner(workflow));
      expect(done.exitCode, done.raw).toBe(0);
      expect(await readBundles(image.store, image.digest)).toHaveLength(1);
    } finally {
      await tuf.stop();
    }
  });

  it("names the permission that is missing, and the lines to write", async () => {
    const image = await imageOf("flights-1");
    const done = await sign({ image: image.reference });
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done).join("\n")).toContain("id-token: write");
    expect(done.raw).not.toContain("at async");
  });

  it("says all that is wrong with its evidence at once, without a stack trace", async () => {
    const image = await imageOf("flights-1");
    evidenceOf(`sha256:${"9".repeat(64)}`, "other-1.json");
    evidenceOf(`sha256:${"8".repeat(64)}`, "other-2.json");
    const done = await sign({ image: image.reference, evidence: "other-*.json", key: cosignPrivateKey });
    expect(done.exitCode).toBe(1);
    const said = errorsOf(done).join("\n");
    expect(said).toContain("other-1.json speaks of sha256:999");
    expect(said).toContain("other-2.json speaks of sha256:888");
    expect(done.raw).not.toContain("at async");
    expect(readFileSync(join(job.workspace, "other-1.json"), "utf8")).toContain("999");
  });
});
