import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { EvidenceError } from "../error.ts";
import { keySigner } from "./key-signer.ts";
import { cosignPassword, cosignPrivateKey, cosignPublicKey } from "./testing/cosign-pair.ts";
import { statementBytes } from "./testing/statements.ts";
import { verifySigned } from "./verify.ts";

const newEc = (namedCurve = "P-256") => generateKeyPairSync("ec", { namedCurve });
const pemOf = (key: KeyObject, options: Record<string, string> = {}) =>
  String(key.export({ format: "pem", type: "pkcs8", ...options } as { format: "pem"; type: "pkcs8" }));
const encrypted = (passphrase: string) => ({ cipher: "aes-256-cbc", passphrase });

function refusalOf(pem: string, password?: string): EvidenceError {
  try {
    keySigner(pem, password);
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("a key signs", () => {
  it.each([
    ["EC P-256", newEc()],
    ["EC P-384", newEc("P-384")],
    ["RSA 2048", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["Ed25519", generateKeyPairSync("ed25519")],
  ])("%s: what it signs verifies with its public half", async (_, { privateKey }) => {
    const signer = keySigner(pemOf(privateKey));
    const signed = await verifySigned(await signer.sign(statementBytes()), signer.trust);
    expect(signed.signer).toBe(signer.description);
    expect(signed).toMatchObject({ issuer: null, signedAt: null });
    expect(signed.statement.predicate).toEqual({ good: true });
  });

  it.each([
    ["PKCS#8", pemOf(newEc().privateKey)],
    ["SEC1", pemOf(newEc().privateKey, { type: "sec1" })],
    ["PKCS#1", pemOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, { type: "pkcs1" })],
    ["Windows line ends", pemOf(newEc().privateKey).replaceAll("\n", "\r\n")],
    ["white space around", `\n  ${pemOf(newEc().privateKey)}\n\n`],
  ])("is read from %s", (_, pem) => {
    expect(keySigner(pem).description).toMatch(/^key sha256:[0-9a-f]{12}…$/);
  });

  it("is read encrypted, from PKCS#8 and the older form of SEC1", () => {
    const { privateKey } = newEc();
    const plain = keySigner(pemOf(privateKey));
    for (const type of ["pkcs8", "sec1"]) {
      expect(keySigner(pemOf(privateKey, { type, ...encrypted("a b") }), "a b").trust).toEqual(plain.trust);
    }
  });

  it("is read from cosign's own form", () => {
    const { trust } = keySigner(cosignPrivateKey, cosignPassword);
    expect(trust).toEqual({ kind: "key", publicKey: cosignPublicKey });
    const older = cosignPrivateKey.replaceAll("SIGSTORE", "COSIGN");
    expect(keySigner(older, cosignPassword).trust).toEqual(trust);
  });

  it("names the key as cosign does: the hash of its public half as the hint, no keyid", async () => {
    const signer = keySigner(cosignPrivateKey, cosignPassword);
    const bundle = JSON.parse(await signer.sign(statementBytes()));
    expect(bundle.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    const { hint } = bundle.verificationMaterial.publicKey;
    expect(signer.description).toBe(
      `key sha256:${Buffer.from(hint, "base64").toString("hex").slice(0, 12)}…`,
    );
    expect(bundle.dsseEnvelope.signatures).toHaveLength(1);
    expect(bundle.dsseEnvelope.signatures[0]).not.toHaveProperty("keyid");
  });
});

describe("a key that cannot sign is refused by what is wrong with it", () => {
  const good = pemOf(newEc().privateKey);
  const publicHalf = String(newEc().publicKey.export({ format: "pem", type: "spki" }));
  it.each([
    ["nothing", "", "is no PEM"],
    ["a word", "hunter2-is-my-key", "is no PEM"],
    ["half of it", good.slice(0, good.length / 2), "one whole PEM block"],
    ["two of them", good + good, "one whole PEM block"],
    ["lines lost", good.replaceAll("\n", " "), "one whole PEM block"],
    ["the public half", publicHalf, "signing needs the private half"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "private half"],
    ["an OpenSSH key", good.replaceAll("PRIVATE KEY", "OPENSSH PRIVATE KEY"), "OPENSSH PRIVATE KEY"],
    ["noise inside", good.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA"), "damaged"],
    ["too much", `${good}${"x".repeat(100_000)}`, "which no key has"],
    ["another curve", pemOf(newEc("P-521").privateKey), "EC on secp521r1"],
    ["a short RSA key", pemOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey), "1024 bits"],
    ["a key that only agrees", pemOf(generateKeyPairSync("x25519").privateKey), "x25519"],
    ["cosign's form around noise", wrapped("{}"), "damaged or of a kind unknown"],
    ["cosign's form around no JSON", wrapped("hunter2"), "damaged or of a kind unknown"],
    ["cosign's form that asks for all memory", hungry(), "damaged or of a kind unknown"],
  ])("%s", (_, pem, why) => {
    const error = refusalOf(pem, "x");
    expect(error.code).toBe("private-key");
    expect(error.message).toContain(why);
    expect(error.remedy).not.toBe("");
  });

  it.each([
    ["PKCS#8", pemOf(newEc().privateKey, encrypted("right"))],
    ["cosign's", cosignPrivateKey],
  ])("%s form without a password, or with another", (_, pem) => {
    expect(refusalOf(pem).message).toContain("none is given");
    const wrong = refusalOf(pem, "hunter2");
    expect(wrong.message).toMatch(/password does not open/);
    expect(wrong.remedy).toContain("key-password");
  });

  it("never repeats the key or the password, causes included", () => {
    const secrets = ["hunter2", good.split("\n")[1] ?? "?"];
    const tries = [good.slice(0, 120), wrapped("hunter2"), cosignPrivateKey, good.replace("\n", "\nhunter2")];
    for (const pem of tries) {
      const error = refusalOf(pem, "hunter2");
      const all = `${error.message} ${error.remedy} ${String(error.cause)} ${error.stack}`;
      for (const secret of secrets) expect(all).not.toContain(secret);
    }
  });
});

function wrapped(content: string): string {
  const label = "ENCRYPTED SIGSTORE PRIVATE KEY";
  return `-----BEGIN ${label}-----\n${Buffer.from(content).toString("base64")}\n-----END ${label}-----`;
}

function hungry(): string {
  const params = { N: 2 ** 30, r: 8, p: 1 };
  const kdf = { name: "scrypt", params, salt: "AAAA" };
  const cipher = { name: "nacl/secretbox", nonce: Buffer.alloc(24).toString("base64") };
  return wrapped(JSON.stringify({ kdf, cipher, ciphertext: "AAAA" }));
}
