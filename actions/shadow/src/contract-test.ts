/** The API contract test of a replay: what callers of each version could read from stable, they must be able to read
 * from the candidate. Counts by version and field, with one example each. */
import type { Verdict } from "@ml-actions/gates/types";
import type { ContractVersion } from "@ml-actions/reports";
import { answerDifferences, type Difference } from "./differences.ts";
import type { ReplayRequest } from "./replay-requests.ts";

/** What came back over HTTP; status null: nothing. */
export interface HttpAnswer {
  status: number | null;
  /** The body as JSON; undefined when it is none. */
  json: unknown;
}

export interface ContractResult {
  versions: ContractVersion[];
  /** Requests that could not be compared: stable did not answer them, and nothing else says what they should give. */
  unknown: number;
  /** Requests that stable itself refuses, although nothing says that it should. */
  refused: number;
  verdict: Verdict;
}

const examplesShown = 4;

class Tally {
  requests = 0;
  differing = 0;
  readonly fields = new Map<string, { differing: number; example: string }>();
}

export class ContractTest {
  readonly #tolerance: number | null;
  readonly #versions = new Map<string, Tally>();
  #unknown = 0;
  #refused = 0;

  /** @param tolerance the most that a predicted number may differ by; null: any */
  constructor(versions: readonly string[], tolerance: number | null) {
    this.#tolerance = tolerance;
    for (const version of versions) this.#versions.set(version, new Tally());
  }

  record(request: ReplayRequest, stable: HttpAnswer, candidate: HttpAnswer): void {
    const { expect } = request;
    if (isFailure(stable) && expect === undefined) {
      this.#unknown += 1;
      return;
    }
    if (expect === undefined && isRefusal(stable)) this.#refused += 1;
    const tally = this.#versions.get(request.version) as Tally;
    tally.requests += 1;
    const found = differencesFrom(request, stable, candidate, this.#tolerance);
    if (found.length === 0) return;
    tally.differing += 1;
    for (const field of new Set(found.map((difference) => difference.field))) {
      const first = found.find((difference) => difference.field === field) as Difference;
      const known = tally.fields.get(field);
      if (known !== undefined) known.differing += 1;
      else tally.fields.set(field, { differing: 1, example: `${request.id}: ${first.was} → ${first.is}` });
    }
  }

  /**
   * @param unsent requests that there was no time for
   * @param minCoverage the least share of all requests that must have been compared
   */
  result(unsent: number, minCoverage: number): ContractResult {
    const versions = [...this.#versions].map(
      ([version, { requests, differing, fields }]): ContractVersion => {
        const listed = [...fields].map(([field, seen]) => ({ field, ...seen }));
        return { version, requests, differing, fields: listed.sort((a, b) => b.differing - a.differing) };
      },
    );
    const [unknown, refused] = [this.#unknown, this.#refused];
    return { versions, unknown, refused, verdict: verdictOf(versions, { unknown, unsent, minCoverage }) };
  }
}

/** No answer, or one that says that it is the server's fault. */
export const isFailure = ({ status }: HttpAnswer) => status === null || status >= 500;

const accepted = ({ status }: HttpAnswer) => status !== null && status >= 200 && status < 300;
const isRefusal = (answer: HttpAnswer) => !isFailure(answer) && !accepted(answer);

/** What is recorded as expected comes before what stable says. */
function differencesFrom(
  { id, expect }: ReplayRequest,
  stable: HttpAnswer,
  candidate: HttpAnswer,
  tolerance: number | null,
): Difference[] {
  const status = expect?.status ?? (isFailure(stable) ? 200 : (stable.status as number));
  // What stable refuses the candidate may take: a new optional feature breaks nobody.
  const loosened = expect === undefined && isRefusal(stable) && accepted(candidate);
  if (candidate.status !== status) return loosened ? [] : [statusDifference(status, candidate)];
  const found: Difference[] = [];
  if (expect?.response !== undefined)
    found.push(...answerDifferences(expect.response, candidate.json, tolerance));
  else if (stable.status === status) found.push(...answerDifferences(stable.json, candidate.json, tolerance));
  const echoed = idOf(candidate.json);
  if (echoed !== undefined && echoed !== id)
    found.push({ field: "request_id", was: JSON.stringify(id), is: JSON.stringify(echoed) });
  return found;
}

function statusDifference(was: number, { status, json }: HttpAnswer): Difference {
  const error = (json as { error?: { message?: unknown } } | null | undefined)?.error?.message;
  const why = typeof error === "string" ? ` (${error.slice(0, 200)})` : "";
  return { field: "status", was: String(was), is: `${status ?? "no answer"}${why}` };
}

function idOf(json: unknown): unknown {
  return typeof json === "object" && json !== null && "request_id" in json ? json.request_id : undefined;
}

interface Missing {
  unknown: number;
  unsent: number;
  minCoverage: number;
}

/** Exact, hence without rule or interval: one request that is answered otherwise is a broken caller. */
function verdictOf(versions: readonly ContractVersion[], missing: Missing): Verdict {
  const sum = (of: (version: ContractVersion) => number) =>
    versions.reduce((total, one) => total + of(one), 0);
  const [requests, differing] = [sum((one) => one.requests), sum((one) => one.differing)];
  const verdict = {
    gate: "contract",
    metric: "contract",
    rule: "estimate",
    baseline: null,
    interval: null,
  } as const;
  const facts = { ...verdict, observed: differing, bound: 0, n: requests };
  if (differing > 0) return { ...facts, verdict: "fail", reason: failure(versions, requests, differing) };
  const all = requests + missing.unknown + missing.unsent;
  const empty = versions.filter((one) => one.requests === 0).map((one) => one.version);
  if (empty.length > 0 || requests < missing.minCoverage * all) {
    const of = empty.length > 0 ? `; not one of ${empty.slice(0, 5).join(", ")}` : "";
    return {
      ...facts,
      verdict: "inconclusive",
      reason: `Only ${requests} of ${all} requests could be compared${of}: stable did not answer ${missing.unknown}, and for ${missing.unsent} the time was over.`,
      settle:
        missing.unsent > 0
          ? "give it a longer `duration`, or a higher `rate`"
          : "see in its log why stable does not answer",
    };
  }
  const names = versions.map((one) => one.version).join(", ");
  return {
    ...facts,
    verdict: "pass",
    reason: `All ${requests} requests (${names}) got answers that their callers can read.`,
  };
}

function failure(versions: readonly ContractVersion[], requests: number, differing: number): string {
  const found = versions.flatMap(({ version, fields }) => fields.map((one) => ({ version, ...one })));
  const shownFields = found
    .slice(0, examplesShown)
    .map((one) => `${one.version}: ${one.field} in ${one.differing} (${one.example})`);
  const more = found.length - shownFields.length;
  return `${differing} of ${requests} requests got answers that their callers cannot read as before: ${shownFields.join("; ")}${more > 0 ? `; and ${more} more fields` : ""}.`;
}
