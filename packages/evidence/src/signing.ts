/** Signing statements and images as Sigstore bundles, and believing what others signed. */
import type { KeylessOptions } from "./signing/keyless-signer.ts";
import type { TufContent } from "./signing/tuf.ts";
import type { EvidenceSigner } from "./signing/types.ts";

export {
  type AttachedBundle,
  type AttachedSigned,
  attach,
  readBundles,
  readSigned,
  verifyAttached,
} from "./signing/attach.ts";
export { type Attested, aboutImage, attest, imageSignature, readUnsigned } from "./signing/attest.ts";
export { bundleMediaType, statementMediaType } from "./signing/bundle.ts";
export { identityMatches } from "./signing/identity.ts";
export { keySigner } from "./signing/key-signer.ts";
export {
  parseSigningServices,
  readSigningServices,
  type SigningServices,
} from "./signing/services.ts";
export { parseTrustedRoot } from "./signing/trusted-root.ts";
export type { EvidenceSigner, Signed, SignedStatement, Trust } from "./signing/types.ts";
export { verifySigned } from "./signing/verify.ts";

// Sigstore's signing and TUF clients are loaded only by who signs without a key, or asks TUF.

export async function keylessSigner(options: KeylessOptions): Promise<EvidenceSigner> {
  return (await import("./signing/keyless-signer.ts")).keylessSigner(options);
}

export async function trustFromTuf(tufUrl?: string): Promise<TufContent> {
  return (await import("./signing/tuf.ts")).trustFromTuf(tufUrl);
}

export type { KeylessOptions, TufContent };
