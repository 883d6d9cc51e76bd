/** Which of the bundles beside an image are believed: signed as the policy asks, and about this image. */
import { EvidenceError, type EvidenceErrorCode } from "../error.ts";
import { shown } from "../read-json.ts";
import { type AttachedBundle, type Signed, type Trust, verifySigned } from "../signing.ts";
import { type Kind, kindOf, kindsOf } from "./claims.ts";
import type { Refusal } from "./reading.ts";

export interface Candidate {
  bundle: AttachedBundle & { text: string };
  mayBe: readonly Kind[];
}

/** One that could not even be opened. */
export interface Unopened {
  mayBe: readonly Kind[];
  refusal: Refusal;
}

export interface Believed {
  signed: Signed[];
  /** Why the one that came closest is not believed; null when nothing of the kind is there. */
  closest: Refusal | null;
}

/** From far to close. A bundle that fails later than another is more likely the one that was meant. */
const closeness: Partial<Record<EvidenceErrorCode, number>> = {
  "not-a-bundle": 1,
  payload: 1,
  key: 2,
  identity: 2,
  issuer: 2,
  certificate: 2,
  time: 3,
  signature: 4,
  subject: 5,
};

/**
 * @returns the bundles with what they may be
 * @throws OciError when the bytes of one cannot be had as its digest says: it might be the one that says no
 */
export function candidatesOf(bundles: readonly AttachedBundle[]): {
  candidates: Candidate[];
  unopened: Unopened[];
} {
  const candidates: Candidate[] = [];
  const unopened: Unopened[] = [];
  for (const bundle of bundles) {
    const mayBe = kindsOf(bundle);
    if (bundle.text !== null) {
      candidates.push({ bundle, mayBe });
    } else if (bundle.error instanceof EvidenceError) {
      unopened.push({ mayBe, refusal: { reason: bundle.error.message, remedy: bundle.error.remedy } });
    } else {
      throw bundle.error;
    }
  }
  return { candidates, unopened };
}

/** @throws EvidenceError `trusted-root` when what the policy trusts cannot be read */
export async function believe(
  candidates: readonly Candidate[],
  wanted: Kind,
  digest: string,
  trust: Trust,
): Promise<Believed> {
  const signed: Signed[] = [];
  let closest: (Refusal & { rank: number }) | null = null;
  for (const { bundle, mayBe } of candidates) {
    if (!mayBe.includes(wanted)) continue;
    try {
      const one = await verifySigned(bundle.text, trust);
      // What could not be read as a claim may turn out to be a statement, of any kind.
      if (kindOf(one.statement.predicateType, one.statement.predicate) !== wanted) continue;
      requireSubject(one, digest);
      signed.push(one);
    } catch (error) {
      if (!(error instanceof EvidenceError) || error.code === "trusted-root") throw error;
      const rank = closeness[error.code] ?? 0;
      if (closest === null || rank > closest.rank) {
        closest = { reason: error.message, remedy: error.remedy, rank };
      }
    }
  }
  return { signed, closest };
}

/** The signature is right, so the signer did say this, but of something else: a bundle can be copied anywhere. */
function requireSubject({ statement, signer }: Signed, digest: string): void {
  const subjects = statement.subject.flatMap(({ digest: { sha256 } }) => sha256 ?? []);
  if (subjects.some((sha256) => `sha256:${sha256}` === digest)) return;
  const [first = "something without a sha256", ...more] = subjects.map((sha256) =>
    shown(`sha256:${sha256}`, 80),
  );
  throw new EvidenceError(
    "subject",
    `It is about ${first}${more.length > 0 ? ` and ${more.length} more` : ""}, not about this image: ${shown(signer, 200)} signed it for something else, and it was attached here.`,
    "Do not trust who attached it. Have this image judged and sign that.",
  );
}
