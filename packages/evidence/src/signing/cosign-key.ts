/**
 * cosign's own form of a private key: PEM around JSON, scrypt for the password, NaCl's secretbox for the content.
 * https://github.com/secure-systems-lab/go-securesystemslib/blob/main/encrypted/encrypted.go
 */
import { scryptSync } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { z } from "zod";
import { EvidenceError } from "../error.ts";

/** The three costs that the format knows. Any other is refused: a key must not be able to ask for all memory. */
const knownCosts = [32_768, 65_536, 131_072];
const blockSize = 8;
const secretboxKeyBytes = 32;
const nonceBytes = 24;

const base64 = (most: number) =>
  z
    .string()
    .max(most)
    .transform((text) => Buffer.from(text, "base64"));

const schema = z.object({
  kdf: z.object({
    name: z.literal("scrypt"),
    params: z.object({
      N: z.int().refine((cost) => knownCosts.includes(cost), "is no cost of this format"),
      r: z.literal(blockSize),
      p: z.literal(1),
    }),
    salt: base64(1024),
  }),
  cipher: z.object({
    name: z.literal("nacl/secretbox"),
    nonce: base64(1024).refine((bytes) => bytes.length === nonceBytes, `must be ${nonceBytes} bytes`),
  }),
  ciphertext: base64(64 * 1024),
});

/**
 * @param content what stands between the PEM lines, decoded
 * @returns the key as PKCS#8, DER
 * @throws EvidenceError `private-key`
 */
export function decryptCosignKey(content: Uint8Array, password: string): Buffer {
  const box = parsed(content);
  const { N: cost } = box.kdf.params;
  const key = scryptSync(password, box.kdf.salt, secretboxKeyBytes, {
    N: cost,
    r: blockSize,
    p: 1,
    // What scrypt needs (128 · N · r) and what OpenSSL counts on top.
    maxmem: 256 * cost * blockSize,
  });
  try {
    return Buffer.from(xsalsa20poly1305(key, box.cipher.nonce).decrypt(box.ciphertext));
  } catch (cause) {
    throw new EvidenceError(
      "private-key",
      password === ""
        ? "The key is encrypted with a password, and none is given."
        : "The password does not open the key.",
      "Give the password of the key as `key-password`.",
      { cause },
    );
  }
}

function parsed(content: Uint8Array): z.output<typeof schema> {
  try {
    return schema.parse(JSON.parse(Buffer.from(content).toString("utf8")));
  } catch {
    // The cause is left out: it may quote the key.
    throw new EvidenceError(
      "private-key",
      "The key calls itself encrypted as cosign does it, but its content is damaged or of a kind unknown.",
      "Copy the whole file that `cosign generate-key-pair` wrote, from BEGIN to END.",
    );
  }
}
