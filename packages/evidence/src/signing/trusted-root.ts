/** Who Fulcio, Rekor and the timestamp authority are: Sigstore's TrustedRoot.
 * https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto */
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { EvidenceError } from "../error.ts";
import { parseJson, shown } from "../read-json.ts";

const mediaType = "application/vnd.dev.sigstore.trustedroot";
const remedy =
  "Give Sigstore's trusted_root.json: `cosign trusted-root create …`, or the file of the TUF repository.";

/** @throws EvidenceError `trusted-root` */
export function readTrustedRoot(value: unknown): TrustedRoot {
  let root: TrustedRoot;
  try {
    root = TrustedRoot.fromJSON(value);
  } catch (cause) {
    throw new EvidenceError("trusted-root", "The trusted root is damaged.", remedy, { cause });
  }
  if (!root.mediaType.startsWith(mediaType)) {
    const type = root.mediaType === "" ? "has no mediaType" : `has mediaType "${shown(root.mediaType)}"`;
    throw new EvidenceError(
      "trusted-root",
      `The trusted root ${type}; expected "${mediaType}+json…".`,
      remedy,
    );
  }
  const authorities = root.certificateAuthorities.filter(({ certChain }) => certChain?.certificates.length);
  if (authorities.length === 0) {
    throw new EvidenceError("trusted-root", "The trusted root names no certificate authority.", remedy);
  }
  return root;
}

/** The JSON of a trusted root, checked, as `Trust` holds it.
 * @throws EvidenceError `trusted-root`, `not-json` */
export function parseTrustedRoot(text: string, place: string): unknown {
  const value = parseJson(text, { place, expected: "a trusted root of Sigstore", remedy });
  readTrustedRoot(value);
  return value;
}
