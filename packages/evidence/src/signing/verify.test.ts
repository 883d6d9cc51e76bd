import { generateKeyPairSync } from "node:crypto";
import { dsse } from "@sigstore/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EvidenceError, type EvidenceErrorCode } from "../error.ts";
import { keySigner } from "./key-signer.ts";
import { changed, statementBytes } from "./testing/statements.ts";
import type { EvidenceSigner, Trust } from "./types.ts";
import { verifySigned } from "./verify.ts";

const newSigner = (): EvidenceSigner =>
  keySigner(String(generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" })));
const signer = newSigner();
const bundle = await signer.sign(statementBytes());

async function refusal(text: string, trust: Trust = signer.trust): Promise<EvidenceError> {
  const error = await verifySigned(text, trust).then(
    () => new Error("it was believed"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof EvidenceError) return error;
  throw error;
}

describe("a bundle signed with a key", () => {
  it("tells the exact bytes that were signed, and those of itself", async () => {
    const signed = await verifySigned(bundle, signer.trust);
    expect(signed.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(signed.digest).not.toBe(signed.statementDigest);
    expect((await verifySigned(`${bundle} `, signer.trust)).statementDigest).toBe(signed.statementDigest);
  });

  const edited = changed(bundle, (each) => {
    each.dsseEnvelope.payload = statementBytes({ predicate: { good: false } }).toString("base64");
  });
  const cases: [string, string, EvidenceErrorCode, string][] = [
    ["nothing", "", "not-a-bundle", "empty"],
    ["no JSON", "-----BEGIN", "not-a-bundle", "no Sigstore bundle"],
    ["a truncated one", bundle.slice(0, bundle.length - 40), "not-a-bundle", "no Sigstore bundle"],
    ["another JSON", "{}", "not-a-bundle", "no Sigstore bundle"],
    ["null", "null", "not-a-bundle", "no Sigstore bundle"],
    ["an array", "[]", "not-a-bundle", "no Sigstore bundle"],
    ["a huge one", " ".repeat(25 * 1024 * 1024), "not-a-bundle", "at most 24 MiB"],
    ["one of another version", bundle.replace("v0.3+json", "v9.9x"), "not-a-bundle", "no Sigstore bundle"],
    ["an edited statement", edited, "signature", "was edited after it was signed"],
    [
      "a signature of nothing",
      changed(bundle, (each) => {
        each.dsseEnvelope.signatures[0].sig = "AAAA";
      }),
      "signature",
      "was edited",
    ],
    [
      "no signature",
      changed(bundle, (each) => {
        each.dsseEnvelope.signatures = [];
      }),
      "not-a-bundle",
      "no Sigstore bundle",
    ],
    [
      "two signatures",
      changed(bundle, (each) => {
        each.dsseEnvelope.signatures.push(each.dsseEnvelope.signatures[0]);
      }),
      "not-a-bundle",
      "no Sigstore bundle",
    ],
    [
      "another payload type",
      changed(bundle, (each) => {
        each.dsseEnvelope.payloadType = "text/plain";
      }),
      "payload",
      '"text/plain"',
    ],
    [
      "a file's signature",
      changed(bundle, (each) => {
        each.messageSignature = {
          messageDigest: { algorithm: "SHA2_256", digest: "AAAA" },
          signature: "AAAA",
        };
        delete each.dsseEnvelope;
      }),
      "payload",
      "not a statement",
    ],
  ];
  it.each(cases)("is refused: %s", async (_, text, code, why) => {
    const error = await refusal(text);
    expect(error.code).toBe(code);
    expect(error.message).toContain(why);
    expect(error.remedy).not.toBe("");
  });

  it("of another key is refused by the names of both", async () => {
    const other = newSigner();
    const error = await refusal(await other.sign(statementBytes()));
    expect(error.code).toBe("key");
    expect(error.message).toContain(other.description);
    expect(error.message).toContain(signer.description);
  });

  it("is believed for its signature, whatever its hint says", async () => {
    const unnamed = changed(bundle, (each) => {
      each.verificationMaterial.publicKey.hint = "another";
    });
    expect((await verifySigned(unnamed, signer.trust)).signer).toBe(signer.description);
  });

  it.each<[string, Record<string, unknown> | null, string]>([
    ["no in-toto", { _type: "https://in-toto.io/Statement/v2" }, "_type"],
    ["no subject", { subject: [] }, "subject"],
    ["a subject without digest", { subject: [{ name: "x" }] }, "subject.0.digest"],
    ["a digest that is no text", { subject: [{ digest: { sha256: 1 } }] }, "subject.0.digest"],
    ["no predicate type", { predicateType: "" }, "predicateType"],
    ["no JSON", null, "not JSON"],
  ])("is refused when it signs something else: %s", async (_, changes, why) => {
    const bytes = changes === null ? Buffer.from([0xff, 0xfe]) : statementBytes(changes);
    const error = await refusal(await signer.sign(bytes));
    expect(error.code).toBe("payload");
    expect(error.message).toContain(why);
  });

  it("is refused when its statement would change prototypes", async () => {
    const bytes = Buffer.from(statementBytes().toString().replace('"good"', '"__proto__"'));
    expect((await refusal(await signer.sign(bytes))).code).toBe("payload");
  });

  it.each([
    ["no PEM", "x", "no PEM"],
    ["a private one", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "PRIVATE KEY"],
    ["a damaged one", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "damaged"],
  ])("needs a public key: %s", async (_, publicKey, why) => {
    const error = await refusal(bundle, { kind: "key", publicKey });
    expect(error.code).toBe("key");
    expect(error.message).toContain(why);
  });

  it("is no answer to a question for a certificate, or the other way round", async () => {
    const identity = { kind: "identity", identity: "*", issuer: "x", trustedRoot: {} } as const;
    expect((await refusal(bundle, identity)).code).toBe("certificate");
    const certified = changed(bundle, (each) => {
      each.verificationMaterial = { certificate: { rawBytes: "AAAA" } };
    });
    expect((await refusal(certified)).code).toBe("key");
  });

  it("covers its own payload type, so that other DSSE signatures are worth nothing here", async () => {
    const pair = generateKeyPairSync("ed25519");
    const pem = String(pair.privateKey.export({ format: "pem", type: "pkcs8" }));
    const own = keySigner(pem);
    const { sign } = await import("node:crypto");
    const payload = statementBytes();
    const foreign = sign(null, dsse.preAuthEncoding("application/vnd.other", payload), pair.privateKey);
    const text = changed(await own.sign(payload), (each) => {
      each.dsseEnvelope.signatures[0].sig = foreign.toString("base64");
    });
    expect((await refusal(text, own.trust)).code).toBe("signature");
  });

  it("is refused, or says the same, however it is damaged", async () => {
    const { statementDigest } = await verifySigned(bundle, signer.trust);
    const damage = fc.record({
      at: fc.nat(bundle.length - 1),
      cut: fc.nat(6),
      put: fc.string({ maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, cut, put }) => {
        const damaged = bundle.slice(0, at) + put + bundle.slice(at + cut);
        try {
          expect((await verifySigned(damaged, signer.trust)).statementDigest).toBe(statementDigest);
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
