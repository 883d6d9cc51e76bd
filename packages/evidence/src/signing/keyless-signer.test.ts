import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { githubIssuer, type RunningSigstore, startSigstore } from "../../../../test/components/sigstore.ts";
import type { EvidenceError } from "../error.ts";
import { keylessSigner } from "./keyless-signer.ts";
import { readSigningServices, type SigningServices } from "./services.ts";
import { statementBytes } from "./testing/statements.ts";
import { verifySigned } from "./verify.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const statement = statementBytes();

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

describe("a workflow that cannot sign hears why", () => {
  const secret = "hunter2";
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const refusal = async (token: string, services: Partial<SigningServices> = {}) => {
    const all = { ...readSigningServices(sigstore.signingConfig, Date.now()), ...services };
    const options = { token: async () => token, services: all, trustedRoot: sigstore.trustedRoot };
    return keylessSigner(options)
      .then((signer) => signer.sign(statement))
      .catch((error: unknown) => error as EvidenceError & { cause?: Error });
  };

  it.each([
    ["no token", secret],
    ["a token without subject", `a.${part({ name: secret })}.${secret}`],
    ["an e-mail that nobody verified", `a.${part({ email: "x@example.com", sub: "x" })}.${secret}`],
  ])("%s, which is never repeated", async (_, token) => {
    const error = await refusal(token);
    expect(error).toMatchObject({ name: "EvidenceError", code: "token" });
    expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });

  // Each waits for three tries.
  it.concurrent.each([
    ["Fulcio", { fulcioUrl: "http://127.0.0.1:1" }],
    ["Rekor", { rekor: { url: "http://127.0.0.1:1", version: 1 as const } }],
    ["The timestamp authority", { tsaUrl: "http://127.0.0.1:1/api" }],
  ])("%s is not there", async (who, services) => {
    const error = await refusal(sigstore.token(workflow), services);
    expect(error).toMatchObject({ name: "EvidenceError", code: "signing" });
    expect((error as Error).message).toContain(`${who} (http://127.0.0.1:1`);
    expect(inspect(error, { depth: 9 })).not.toContain(sigstore.token(workflow).split(".")[1]);
  });
});
