/** Holds what is attached to an image, or to a model without one, against a policy. */
import type { Source } from "@ml-actions/oci";
import { readBundles } from "../signing.ts";
import { believe, type Candidate, candidatesOf, type Unopened } from "./believed.ts";
import { ageMs } from "./freshness.ts";
import { checkRequired, refusedCheck } from "./required.ts";
import type { EvidenceCheck, EvidencePolicy, Verification } from "./types.ts";

export interface VerifyRequest {
  source: Source;
  /** Of the image, or of the model's file: `sha256:<hex>`. */
  digest: string;
  /** `image` unless told otherwise. A model's bytes lie elsewhere: its evidence is beside a digest that has no manifest. */
  of?: "image" | "model";
  policy: EvidencePolicy;
  /** Milliseconds since 1970. */
  now: number;
}

/**
 * Every check is made, so that all that is wrong is known at once. A check that fails is in the result; only what makes
 * checking impossible rejects.
 *
 * @throws OciError when the image or a bundle cannot be had, or is not what its digest says
 * @throws EvidenceError `trusted-root`, or `too-much` when more is attached than is read
 */
export async function verifyImage(request: VerifyRequest): Promise<Verification> {
  const { source, digest, policy, now, of = "image" } = request;
  // The image itself, so that nobody is told of evidence about bytes that are not there.
  if (of === "image") await source.manifest(digest);
  const { candidates, unopened } = candidatesOf(await readBundles(source, digest));
  const explained = (check: EvidenceCheck) => explain(check, candidates, unopened);
  const checks = [explained(await checkSignature(candidates, request))];
  for (const requirement of policy.require) {
    checks.push(explained(await checkRequired(requirement, candidates, digest, now)));
  }
  return {
    image: `${source.name}@${digest}`,
    digest,
    policy: { name: policy.name, digest: policy.digest },
    verdict: checks.every(({ verdict }) => verdict === "pass") ? "pass" : "fail",
    checks,
    verifiedAt: now,
  };
}

async function checkSignature(
  candidates: readonly Candidate[],
  { digest, policy: { signature }, now, of = "image" }: VerifyRequest,
): Promise<EvidenceCheck> {
  const { signed, closest } = await believe(candidates, "signature", digest, signature);
  const [first] = signed;
  if (first === undefined) {
    const unsigned = {
      reason: `The ${of} is not signed: no signature is attached to it.`,
      remedy:
        "Sign it with `sign`, or with cosign v3 (`cosign sign`); signatures of cosign v2 in tags `.sig` are not read.",
    };
    return refusedCheck("signature", closest ?? unsigned);
  }
  const { signer, signedAt, digest: bundle } = first;
  return {
    evidence: "signature",
    verdict: "pass",
    reason: "signed as this digest",
    remedy: null,
    signer,
    ageMs: ageMs({ signedAt, finishedAt: null }, now),
    bundle,
  };
}

/** Evidence that is missing may be the one that could not be opened. */
function explain(
  check: EvidenceCheck,
  candidates: readonly Candidate[],
  unopened: readonly Unopened[],
): EvidenceCheck {
  const isOf = ({ mayBe }: { mayBe: Candidate["mayBe"] }) => mayBe.includes(check.evidence);
  if (check.verdict === "pass" || candidates.some(isOf)) return check;
  return { ...check, ...unopened.find(isOf)?.refusal };
}
