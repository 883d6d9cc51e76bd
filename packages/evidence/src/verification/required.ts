/** One piece of required evidence: the newest statement that is believed decides, whatever an older one by the same
 * gates said. */
import { EvidenceError } from "../error.ts";
import type { EvidenceName } from "../predicates.ts";
import type { Signed } from "../signing.ts";
import { believe, type Candidate } from "./believed.ts";
import { counts, otherConfiguration, otherConfigurations, standingAgainst } from "./configurations.ts";
import { ageMs, judgedAt, type Times, timeRefusal } from "./freshness.ts";
import { readBuild } from "./provenance-result.ts";
import type { Reader, Reading, Refusal } from "./reading.ts";
import { readScan } from "./scan-result.ts";
import { readTestResult } from "./test-result.ts";
import type { EvidenceCheck, Requirement } from "./types.ts";

const readers: Readonly<Record<EvidenceName, Reader>> = {
  build: readBuild,
  eval: readTestResult,
  scan: readScan,
  shadow: readTestResult,
  canary: readTestResult,
};

interface Read extends Omit<Reading, "finishedAt">, Times {
  signed: Signed;
}

/**
 * Judges what is believed: of the allowed configurations the newest, its time, what it says, then whether another
 * configuration still says no.
 *
 * @param now milliseconds since 1970
 * @throws EvidenceError `trusted-root`
 */
export async function checkRequired(
  { evidence, trust, maxAgeMs, expected }: Requirement,
  candidates: readonly Candidate[],
  digest: string,
  now: number,
): Promise<EvidenceCheck> {
  const { signed, closest } = await believe(candidates, evidence, digest, trust);
  if (signed.length === 0) return refusedCheck(evidence, closest ?? missing(evidence));
  const counting = signed.filter((one) => counts(one, expected.configurations));
  if (counting.length === 0) return refusedCheck(evidence, otherConfiguration(signed, expected));
  const read = counting.map((one) => readOne(one, { evidence, expected, now }));
  const newest = read.reduce((best, one) => (isNewer(one, best) ? one : best));
  const refusal = timeRefusal(newest, maxAgeMs, now) ?? newest.refusal;
  if (refusal === null) {
    const against = standingAgainst(newest, read, maxAgeMs, now);
    if (against !== null)
      return { ...factsOf(evidence, against.read, now), verdict: "fail", ...against.refusal };
    const reason = `${newest.says}${otherConfigurations(newest, read, expected)}`;
    return { ...factsOf(evidence, newest, now), verdict: "pass", reason, remedy: null };
  }
  const older = read.filter((one) => one !== newest && one.refusal === null).length;
  const hidden =
    older === 0 ? "" : ` It is the newest of ${read.length}; an older one that passed counts no more.`;
  const reason = `${refusal.reason}${hidden}`;
  return { ...factsOf(evidence, newest, now), verdict: "fail", reason, remedy: refusal.remedy };
}

function factsOf(evidence: EvidenceName, read: Read, now: number) {
  const { signer, digest: bundle } = read.signed;
  return { evidence, signer, ageMs: ageMs(read, now), bundle };
}

export function refusedCheck(evidence: EvidenceCheck["evidence"], refusal: Refusal): EvidenceCheck {
  return { evidence, verdict: "fail", ...refusal, signer: null, ageMs: null, bundle: null };
}

const howToGive: Readonly<Record<EvidenceName, string>> = {
  build: "Give `sign` what `build` wrote about this image: its output `provenance`.",
  eval: "Judge its model with `eval-gate`, and give `sign` the output `evidence`.",
  scan: "Run `scan` on this image, and give `sign` the output `evidence`.",
  shadow: "Run `shadow` with its model, and give `sign` the output `evidence`.",
  canary: "`deploy` it where a canary may be, and give `sign` the output `evidence`.",
};

function missing(evidence: EvidenceName): Refusal {
  return {
    reason: `No evidence of ${evidence} is attached to the image.`,
    remedy: howToGive[evidence],
  };
}

function readOne(
  signed: Signed,
  { evidence, expected, now }: Pick<Requirement, "evidence" | "expected"> & { now: number },
): Read {
  const { signedAt } = signed;
  try {
    const place = `The evidence of ${evidence}`;
    return { signed, signedAt, ...readers[evidence](signed.statement, { expected, place, now }) };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return {
      signed,
      signedAt,
      finishedAt: null,
      refusal: { reason: error.message, remedy: error.remedy },
      says: "",
    };
  }
}

/** What does not tell its time is taken for the newest when it says no, for the oldest when it says yes: nothing that
 * says no is hidden. At the same time no wins. */
function isNewer(one: Read, best: Read): boolean {
  const [at, bestAt] = [timeOf(one), timeOf(best)];
  return at === bestAt ? one.refusal !== null && best.refusal === null : at > bestAt;
}

function timeOf(read: Read): number {
  return judgedAt(read) ?? (read.refusal === null ? -Infinity : Infinity);
}
