import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { githubIssuer, type RunningSigstore, startSigstore } from "../../../../test/components/sigstore.ts";
import { keylessSigner } from "./keyless-signer.ts";
import { readSigningServices } from "./services.ts";
import { verifySigned } from "./verify.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const statement = Buffer.from(
  JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: "a".repeat(64) } }],
    predicateType: "https://example.com/x",
    predicate: {},
  }),
);

let sigstore: RunningSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.stop());

const signerOf = (of: RunningSigstore, identity = workflow) =>
  keylessSigner({
    token: async () => of.token(identity),
    services: readSigningServices(of.signingConfig, Date.now()),
    trustedRoot: of.trustedRoot,
  });

describe("a workflow signs without a key", () => {
  it("is named by its certificate, at a time that log and timestamp authority vouch for", async () => {
    const signer = await signerOf(sigstore);
    expect(signer.description).toBe(workflow);
    const before = Date.now();
    const signed = await verifySigned(await signer.sign(statement), signer.trust);
    expect(signed.signer).toBe(workflow);
    expect(signed.issuer).toBe(githubIssuer);
    expect(Math.abs((signed.signedAt ?? 0) - before)).toBeLessThan(5000);
  });

  it("asks for one certificate, however many statements it signs", async () => {
    const signer = await signerOf(sigstore);
    const already = sigstore.seen.length;
    await signer.sign(statement);
    await signer.sign(statement);
    const seen = sigstore.seen.slice(already);
    expect(seen.filter((line) => line.includes("signingCert"))).toEqual([]);
    expect(seen.filter((line) => line.includes("log/entries"))).toHaveLength(2);
  });

  it.each([
    ["Rekor 2 and a timestamp authority", { rekorVersion: 2 as const }],
    ["no log at all", { services: { rekor: false } }],
    ["no timestamp authority", { services: { tsa: false } }],
  ])("works with %s", async (_, options) => {
    const other = await startSigstore(options);
    try {
      const signer = await signerOf(other);
      const signed = await verifySigned(await signer.sign(statement), signer.trust);
      expect(signed.signedAt).toBeGreaterThan(0);
    } finally {
      await other.stop();
    }
  });
});
