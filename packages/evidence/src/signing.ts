/** Signing statements and images as Sigstore bundles, and believing what others signed. */
export {
  type AttachedBundle,
  type AttachedSigned,
  attach,
  readBundles,
  readSigned,
  verifyAttached,
} from "./signing/attach.ts";
export { bundleMediaType, digestOf, statementMediaType } from "./signing/bundle.ts";
export { identityMatches } from "./signing/identity.ts";
export { keySigner } from "./signing/key-signer.ts";
export { parseTrustedRoot } from "./signing/trusted-root.ts";
export type { EvidenceSigner, Signed, SignedStatement, Trust } from "./signing/types.ts";
export { verifySigned } from "./signing/verify.ts";
