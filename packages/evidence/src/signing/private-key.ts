/** A private key from PEM text in any of the forms that people have it in. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { EvidenceError } from "../error.ts";
import { decryptCosignKey } from "./cosign-key.ts";
import { hashOf } from "./key-kinds.ts";

const cosignLabels = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];
const labels = [...cosignLabels, "ENCRYPTED PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"];
/** An RSA key of 4096 bits, encrypted, has some 4,500 characters. */
const largestCharacters = 64 * 1024;

/**
 * @param pem PKCS#8 (plain or encrypted), SEC1, PKCS#1, or cosign's encrypted form
 * @param password of an encrypted key; left out, the empty one is tried for cosign's form
 * @throws EvidenceError `private-key`; never with a part of the key or password in it
 */
export function readPrivateKey(pem: string, password?: string): KeyObject {
  const { label, content } = readPem(pem);
  const key = cosignLabels.includes(label)
    ? opened(label, () =>
        createPrivateKey({
          key: decryptCosignKey(content, password ?? ""),
          format: "der",
          type: "pkcs8",
        }),
      )
    : opened(label, () =>
        createPrivateKey({
          key: pem.trim(),
          format: "pem",
          passphrase: requiredPassword(pem, label, password),
        }),
      );
  hashOf(key, "private-key");
  return key;
}

function readPem(pem: string): { label: string; content: Buffer } {
  const remedy =
    "Give the whole key, from `-----BEGIN …` to `-----END …-----`, lines kept: cosign's, PKCS#8, or SEC1.";
  if (pem.length > largestCharacters) {
    throw new EvidenceError("private-key", `The key has ${pem.length} characters, which no key has.`, remedy);
  }
  const [, label = "", body = ""] =
    /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n((?:(?!-----)[\s\S])*)-----END \1-----$/.exec(pem.trim()) ?? [];
  if (label === "") {
    const found = pem.includes("-----BEGIN") ? "holds more or less than one whole PEM block" : "is no PEM";
    throw new EvidenceError("private-key", `The key ${found}.`, remedy);
  }
  if (!labels.includes(label)) {
    const why = label.includes("PUBLIC") || label === "CERTIFICATE" ? "; signing needs the private half" : "";
    throw new EvidenceError("private-key", `The key is a \`${label}\`${why}.`, remedy);
  }
  return { label, content: Buffer.from(body, "base64") };
}

/** OpenSSL would ask the terminal for a password that is missing. */
function requiredPassword(pem: string, label: string, password: string | undefined): string {
  const encrypted = label === "ENCRYPTED PRIVATE KEY" || pem.includes("Proc-Type: 4,ENCRYPTED");
  if (encrypted && (password ?? "") === "") {
    throw new EvidenceError(
      "private-key",
      "The key is encrypted with a password, and none is given.",
      "Give the password of the key as `key-password`.",
    );
  }
  return password ?? "";
}

function opened(label: string, open: () => KeyObject): KeyObject {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    const encrypted = label === "ENCRYPTED PRIVATE KEY";
    throw new EvidenceError(
      "private-key",
      `The key (\`${label}\`) cannot be read${encrypted ? ": it is damaged, or the password does not open it" : ": it is damaged"}.`,
      encrypted ? "Check `key-password` and the key." : "Copy the key again, whole.",
      // OpenSSL's reasons name no content.
      { cause },
    );
  }
}
