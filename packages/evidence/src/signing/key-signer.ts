/** Signs with a key of one's own: no network, no log, no trusted time. Who trusts the key trusts its keeper's word. */
import { createPublicKey, sign } from "node:crypto";
import { bundleToJSON, toDSSEBundle } from "@sigstore/bundle";
import { dsse } from "@sigstore/core";
import { statementMediaType } from "./bundle.ts";
import { hashOf, keyFingerprint, keyName } from "./key-kinds.ts";
import { readPrivateKey } from "./private-key.ts";
import type { EvidenceSigner } from "./types.ts";

/**
 * @param pem PKCS#8 (plain or encrypted), SEC1 or PKCS#1 PEM, or cosign's `ENCRYPTED SIGSTORE PRIVATE KEY`
 * @throws EvidenceError `private-key`
 */
export function keySigner(pem: string, password?: string): EvidenceSigner {
  const privateKey = readPrivateKey(pem, password);
  const publicKey = createPublicKey(privateKey);
  const fingerprint = keyFingerprint(publicKey);
  const hash = hashOf(privateKey, "private-key");
  return {
    description: keyName(fingerprint),
    trust: { kind: "key", publicKey: publicKey.export({ format: "pem", type: "spki" }).toString() },
    async sign(statement) {
      const payload = Buffer.from(statement);
      const signature = sign(hash, dsse.preAuthEncoding(statementMediaType, payload), privateKey);
      const bundle = toDSSEBundle({
        artifact: payload,
        artifactType: statementMediaType,
        signature,
        keyHint: fingerprint.toString("base64"),
      });
      // cosign names the key once, as the hint; in the envelope it leaves `keyid` empty.
      for (const each of bundle.content.dsseEnvelope.signatures) each.keyid = "";
      return JSON.stringify(bundleToJSON(bundle));
    },
  };
}
