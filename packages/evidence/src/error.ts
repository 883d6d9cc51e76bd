/**
 * | code | what failed | what to do |
 * |---|---|---|
 * | not-json | the text is no JSON, or too large to be ours | give the file that the action wrote |
 * | wrong-schema | JSON of another kind | give a file of the kind asked for |
 * | malformed | a field is missing or has the wrong type | every place is listed; write the file anew |
 * | contradiction | parts of a statement that must agree do not | do not trust it; run the gate again |
 * | not-replayable | a statement without the counts that its verdicts rest on | give a canary's evidence |
 * | invalid-result | what was to be written is not a result | a bug, or a metric that could not be computed |
 * | not-a-bundle | what should be a Sigstore bundle is none | attach the evidence anew |
 * | too-much | more is attached to an image than is read | delete what is not needed; look who may write there |
 * | signature | the signed bytes are not those that were signed | do not trust it: it was edited after it was signed |
 * | key | signed, but not with the key that is trusted | give the public half of the key that signs |
 * | certificate | the certificate leads to no authority that is trusted | give the trusted root of the Sigstore that signed |
 * | identity | signed by another workflow or person | check `identity`, or who signed this |
 * | issuer | the identity was vouched for by another issuer | check `issuer` |
 * | time | no trusted time, or the certificate was not valid then | sign with a log or timestamp authority |
 * | payload | signed, but no in-toto statement | attach a statement |
 * | subject | a statement about something else | sign evidence of this image |
 * | private-key | the key cannot be read: form, password, or a kind that is not supported | give a PEM key and its password |
 * | token | the runner gives no OIDC token | grant `id-token: write` |
 * | signing | Fulcio, Rekor or the timestamp authority refused | as it says; run again |
 * | trusted-root | who Fulcio, Rekor and the timestamp authority are cannot be learned | give a trusted root, or reach TUF |
 * | policy | what an image must carry, and whose word counts for it, is not said or cannot be read | as it says |
 */
export type EvidenceErrorCode =
  | "not-json"
  | "wrong-schema"
  | "malformed"
  | "contradiction"
  | "not-replayable"
  | "invalid-result"
  | "not-a-bundle"
  | "too-much"
  | "signature"
  | "key"
  | "certificate"
  | "identity"
  | "issuer"
  | "time"
  | "payload"
  | "subject"
  | "private-key"
  | "token"
  | "signing"
  | "trusted-root"
  | "policy";

export class EvidenceError extends Error {
  readonly code: EvidenceErrorCode;
  /** What to do about it. */
  readonly remedy: string;

  constructor(code: EvidenceErrorCode, message: string, remedy: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "EvidenceError";
    this.code = code;
    this.remedy = remedy;
  }
}
