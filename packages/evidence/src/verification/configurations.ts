/**
 * Evidence by several gate configurations. Which of two is the laxer cannot be told from their digests, so a newer pass
 * of one does not take back what another said no to: else whoever may start the judging could choose the gates anew
 * until some pass.
 */
import type { Signed } from "../signing.ts";
import { ageMs, judgedAt, type Times } from "./freshness.ts";
import { nothingExpected } from "./policy.ts";
import type { Gated, Refusal } from "./reading.ts";
import { spanText } from "./span.ts";
import { configurationsOf, judgedBy } from "./test-result.ts";
import type { Expectations } from "./types.ts";

const named = 3;

interface Read extends Times {
  signed: Signed;
  gated?: Gated;
}

export function counts({ statement }: Signed, allowed: readonly string[] | null): boolean {
  return allowed === null || configurationsOf(statement).some((digest) => allowed.includes(digest));
}

/** None that is believed was judged by what the policy allows. */
export function otherConfiguration(signed: readonly Signed[], expected: Expectations): Refusal {
  const found = [...new Set(signed.flatMap(({ statement }) => configurationsOf(statement)))];
  const words = signed.length === 1 ? judgedBy((signed[0] as Signed).statement, expected) : "";
  return {
    reason: `It was judged by the gate configuration ${list(found)}; the policy allows ${list(expected.configurations ?? [])}.${words}`,
    remedy:
      "Judge it by the gates that the policy knows, or, if the gates were changed on purpose, add their digest to the policy.",
  };
}

/**
 * The last word of another configuration, when it is a no that is not too old. A word is PASSED or FAILED: WARNED says
 * neither, blocks nothing and takes nothing back.
 *
 * @param newest the one that decides, which passed
 * @param maxAgeMs null: a no never grows old
 * @param now milliseconds since 1970
 */
export function standingAgainst<Of extends Read>(
  newest: Of,
  all: readonly Of[],
  maxAgeMs: number | null,
  now: number,
): { read: Of; refusal: Refusal } | null {
  const last = new Map<string | null, Of>();
  for (const read of all) {
    const { configuration, result } = read.gated ?? {};
    if (configuration === undefined || configuration === newest.gated?.configuration) continue;
    if (result === "WARNED") continue;
    const before = last.get(configuration);
    if (before === undefined || isLater(read, before)) last.set(configuration, read);
  }
  const refusals = [...last.values()].filter(
    (read) => read.gated?.result === "FAILED" && (maxAgeMs === null || (ageMs(read, now) ?? 0) <= maxAgeMs),
  );
  const [read] = refusals.toSorted((left, right) => timeOf(right) - timeOf(left));
  return read === undefined ? null : { read, refusal: standingRefusal(read, newest, now) };
}

/** For people, when several are there and the policy does not say which of them count; else empty. */
export function otherConfigurations(
  { gated }: Read,
  all: readonly Read[],
  { configurations }: Expectations,
): string {
  if (gated === undefined || configurations !== null) return "";
  const found = new Set(all.flatMap((read) => read.gated?.configuration ?? []));
  return found.size < 2
    ? ""
    : `; by ${gated.configuration}, the newest of ${found.size} gate configurations, of which the policy lists none`;
}

function standingRefusal(read: Read, newest: Read, now: number): Refusal {
  const digest = read.gated?.configuration ?? "none";
  const age = ageMs(read, now);
  const when = age === null ? "" : ` ${spanText(age)} ago`;
  return {
    reason: `By the gate configuration ${digest} it FAILED${when}${read.gated?.culprits}. What passed later was judged by another, ${newest.gated?.configuration ?? "none"}.${judgedBy(newest.signed.statement, nothingExpected)}`,
    remedy:
      "Have it judged again by the configuration that failed. If that one counts no more, list those that do under `configurations` in a policy; with `max-age` its word ends by itself.",
  };
}

/** At the same time no wins. */
function isLater(read: Read, before: Read): boolean {
  const [at, then] = [timeOf(read), timeOf(before)];
  return at === then ? read.gated?.result === "FAILED" : at > then;
}

/** What does not tell its time is the newest. */
function timeOf(read: Read): number {
  return judgedAt(read) ?? Infinity;
}

function list(digests: readonly string[]): string {
  const more = digests.length > named ? " …" : "";
  return digests.length === 0 ? "none" : `${digests.slice(0, named).join(", ")}${more}`;
}
