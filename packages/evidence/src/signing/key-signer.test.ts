import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keySigner } from "./key-signer.ts";
import { verifySigned } from "./verify.ts";

const statement = Buffer.from(
  JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: "a".repeat(64) } }],
    predicateType: "https://example.com/x",
    predicate: {},
  }),
);
const pemOf = (key: KeyObject, type: "pkcs8" | "sec1" | "pkcs1" = "pkcs8") =>
  key.export({ format: "pem", type } as { format: "pem"; type: "pkcs8" }).toString();

const keys = {
  "EC P-256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "EC P-384": () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "RSA 2048": () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  Ed25519: () => generateKeyPairSync("ed25519"),
};

describe("a key signs", () => {
  it.each(Object.entries(keys))("%s: what it signs verifies with its public half", async (_, make) => {
    const signer = keySigner(pemOf(make().privateKey));
    const signed = await verifySigned(await signer.sign(statement), signer.trust);
    expect(signed.signer).toBe(signer.description);
    expect(signed.issuer).toBeNull();
    expect(signed.signedAt).toBeNull();
    expect(signed.statement.predicateType).toBe("https://example.com/x");
  });
});
