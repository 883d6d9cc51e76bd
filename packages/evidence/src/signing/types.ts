/** What signs, and what a signature is checked against. */

/** Signs in-toto statements: an ECDSA key, or a short-lived certificate from Fulcio for this workflow's OIDC token. */
export interface EvidenceSigner {
  /** For people: `key sha256:ab12…` or the certificate's identity. Never secret. */
  readonly description: string;
  /** What its own signatures are verified with: to check them before anyone else has to, and to find what it has
   * signed already. */
  readonly trust: Trust;
  /** @param statement the exact bytes to be signed (DSSE, payload type application/vnd.in-toto+json)
   * @returns a Sigstore bundle v0.3 as JSON text
   * @throws EvidenceError `signing` when a key, Fulcio, Rekor or the timestamp authority refuses */
  sign(statement: Uint8Array): Promise<string>;
}

/** Whose signature is believed. */
export type Trust =
  | {
      kind: "key";
      /** PEM, SubjectPublicKeyInfo: EC P-256/P-384, RSA or Ed25519. */
      publicKey: string;
    }
  | {
      kind: "identity";
      /** The certificate's SAN: exact, or with `*` for any run of characters but none at the ends unless written. The
       * whole text must match: `…/deliver.yml@refs/heads/main` is not `…/deliver.yml@refs/heads/main.evil`. */
      identity: string;
      /** The OIDC issuer, exact. */
      issuer: string;
      /** Trusted root (JSON of Sigstore's TrustedRoot): who Fulcio, Rekor and the timestamp authority are. */
      trustedRoot: unknown;
    };

/** A bundle whose signature was found right. It says who claimed what; whether the claim is good is the policy's. */
export interface Signed {
  /** Of the bundle's bytes: `sha256:<hex>`. */
  digest: string;
  /** Of the exact statement bytes under the signature. */
  statementDigest: string;
  /** Parsed, `_type` checked; `predicate` as it stands. */
  statement: SignedStatement;
  /** `key sha256:ab12…`, or the certificate's identity. */
  signer: string;
  /** null for a key. */
  issuer: string | null;
  /** Milliseconds since 1970, from Rekor or a timestamp authority; null when only the signer's word tells. */
  signedAt: number | null;
}

export interface SignedStatement {
  /** v0.1 is what `cosign attest` still writes; the two differ in nothing that is read here. */
  _type: "https://in-toto.io/Statement/v1" | "https://in-toto.io/Statement/v0.1";
  subject: { name?: string | undefined; digest: Record<string, string> }[];
  predicateType: string;
  predicate: unknown;
}
