/** From a claim to a signed bundle beside the image: what the statement says, and that it is written once. */

import type { Descriptor, Store } from "@ml-actions/oci";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { canonicalJson } from "../configuration.ts";
import { EvidenceError } from "../error.ts";
import { imageSignatureType } from "../predicates.ts";
import { parseJson, type Source, shown, validate } from "../read-json.ts";
import { type AttachedSigned, attach } from "./attach.ts";
import { signedStatementSchema } from "./bundle.ts";
import type { EvidenceSigner, SignedStatement } from "./types.ts";
import { verifySigned } from "./verify.ts";

/** What the project's readers take. */
const mostSubjects = 10;

/** What cosign v3 signs an image with: no claim but that the signer saw this digest. */
export function imageSignature(digest: string): SignedStatement {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: digest.slice("sha256:".length) } }],
    predicateType: imageSignatureType,
    predicate: {},
  };
}

/**
 * A statement that is about to be signed, of whatever predicate type.
 *
 * @param place how to name it in an error
 * @throws EvidenceError `not-json`, `malformed`
 */
export function readUnsigned(text: string, place: string): SignedStatement {
  const source: Source = {
    place,
    expected: "an in-toto statement",
    remedy: "Give files that `eval-gate`, `scan`, `build`, `shadow` or `deploy` wrote (output `evidence`).",
  };
  return validate(signedStatementSchema, parseJson(text, source), source);
}

/**
 * The same claim, said of the image: evidence made before the image existed speaks of the model inside.
 *
 * @param image its name for people, and its digest, which becomes the first subject
 * @param known every digest that this image's content may be known by, computed from its bytes
 * @throws EvidenceError `subject` when it speaks of anything else, or of too much
 */
export function aboutImage(
  statement: SignedStatement,
  image: { name: string; digest: string },
  known: readonly string[],
  place: string,
): SignedStatement {
  const digests = statement.subject.map(({ digest }) => `sha256:${digest.sha256 ?? "none"}`);
  const strange = digests.filter((digest) => !known.includes(digest));
  if (strange.length > 0) {
    throw new EvidenceError(
      "subject",
      `${shown(place, 300)} speaks of ${strange
        .slice(0, 3)
        .map((digest) => shown(digest))
        .join(", ")}; ` + `${shown(image.name, 300)} is known by these alone:\n  ${known.join("\n  ")}`,
      "It is evidence of another model or image. Give the evidence of what is in this image, or judge that again.",
    );
  }
  const others = statement.subject.filter((_, at) => digests[at] !== image.digest);
  if (others.length + 1 > mostSubjects) {
    throw new EvidenceError(
      "subject",
      `${shown(place, 300)} has ${statement.subject.length} subjects; at most ${mostSubjects} are read.`,
      "Make one statement for each thing that was judged.",
    );
  }
  const first = { name: image.name, digest: { sha256: image.digest.slice("sha256:".length) } };
  return { ...statement, subject: [first, ...others] };
}

export interface Attested {
  /** Digest of the manifest beside the image. */
  referrer: string;
  /** Digest of the bundle in it. */
  bundle: string;
  /** false: this signer had signed the very same statement before, and nothing was written. */
  written: boolean;
}

/**
 * Signs a statement and puts it beside the image, unless it is there already. The new bundle is verified before anyone
 * can see it, with what its readers will verify it with.
 *
 * @param present what lies beside the image already and was signed by this signer (`readSigned(…, signer.trust)`)
 * @throws EvidenceError `signing`, or as `verifySigned` when what was signed does not verify; OciError
 */
export async function attest(
  store: Store,
  image: Descriptor,
  statement: SignedStatement,
  signer: EvidenceSigner,
  present: readonly AttachedSigned[],
): Promise<Attested> {
  const bytes = Buffer.from(canonicalJson(statement));
  const digest = digestOfBytes(bytes);
  const same = present.find(({ signed }) => signed?.statementDigest === digest);
  if (same?.signed != null) {
    return { referrer: same.referrer.descriptor.digest, bundle: same.signed.digest, written: false };
  }
  const bundle = await signer.sign(bytes);
  await verifySigned(bundle, signer.trust);
  const { digest: referrer } = await attach(store, image, bundle, statement.predicateType);
  return { referrer, bundle: digestOfBytes(bundle), written: true };
}
