/** Counts straight from the pods' own /metrics, through the API server's pod proxy: no Prometheus at all. */
import type { Api } from "@ml-actions/cluster/types";
import type { Observation } from "@ml-actions/gates/types";
import { listed, TelemetryError } from "./error.ts";
import type { Page } from "./exposition.ts";
import { type Family, readFamily, seriesOf, speaks } from "./family.ts";
import { once, type Watch, watching } from "./looks.ts";
import { at, type Reading, RolloutCounts, type SideName, sideNames } from "./rollout-counts.ts";
import { type Answer, type CountedPod, scrape } from "./scrape.ts";
import { countsNoFailures, families, processStart } from "./series-table.ts";
import type { Past, TelemetrySource } from "./source.ts";

export type { CountedPod } from "./scrape.ts";

export interface PodTelemetryOptions {
  api: Pick<Api, "proxy">;
  /** The pods of both sides that serve now. */
  pods: () => Promise<Record<SideName, readonly CountedPod[]>>;
  /** Told what is lost or chosen, in a sentence: for the log. */
  note?: (message: string) => void;
  /** Hears once whose counts they are. */
  say?: (message: string) => void;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Counts of pods that are silent come with their next answer; a run waits 10 s for a look. */
const answerWithinMs = 4_000;
const lookWithinMs = 8_000;
const askedAtOnce = 16;

const read = families.filter(({ from }) => from.includes("pods"));
const wanted = new Set([...read.flatMap(seriesOf), processStart, ...Object.keys(countsNoFailures)]);

/**
 * Exact over restarts, scale-up and scale-down, but for what a process served between our last question and its end.
 *
 * `outage`: `pods` rejects; a pod of the candidate does not answer, for what it served may be just what failed; half of
 * stable's pods or more do not (fewer keep the counts that they had, and bring the rest with their next answer); or
 * none counts in series that are known. `no-traffic`, `ambiguous` (a counter fell while its process is the same, pods of
 * one side have other buckets, a series twice), `not-a-number`: see the message. Never rejects.
 */
export function podTelemetry(options: PodTelemetryOptions): TelemetrySource {
  const now = options.now ?? Date.now;
  const said = { ...options, say: once(options.say) };
  return watching(now, () => new PodWatch(said, now));
}

type Pods = Record<SideName, readonly CountedPod[]>;

/** One rollout's looks at its pods. */
class PodWatch implements Watch {
  readonly #options: PodTelemetryOptions;
  readonly #now: () => number;
  readonly #note: (message: string) => void;
  readonly #say: (message: string) => void;
  #counts: RolloutCounts | null = null;
  #family: Family | null = null;
  /** Every pod that was listed and has not fallen silent since it left the list. */
  readonly #pods: Record<SideName, Map<string, CountedPod>> = { stable: new Map(), candidate: new Map() };

  constructor(options: PodTelemetryOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#note = options.note ?? (() => {});
    this.#say = options.say ?? (() => {});
  }

  async look(startedAt: number): Promise<Observation> {
    const pods = await this.#list();
    const untilAt = this.#now() + lookWithinMs;
    const [stable, candidate] = await Promise.all(sideNames.map((side) => this.#ask(side, pods, untilAt)));
    const answers = { stable: stable ?? [], candidate: candidate ?? [] };
    for (const side of sideNames) failOnFault(side, answers[side]);
    this.#family ??= this.#choose(answers, pods);
    const family = this.#family;
    if (family === null) throw new TelemetryError("no-traffic", "No pod of the candidate serves yet.", "");
    this.#counts ??= new RolloutCounts(uids(pods), startedAt, this.#note);
    const counts = this.#counts;
    for (const side of sideNames) counts.take(side, readingsOf(side, family, answers[side]));
    for (const side of sideNames) this.#requireAnswers(side, pods[side], answers[side]);
    return counts.observation(startedAt);
  }

  get past(): Past | null {
    return this.#counts?.past ?? null;
  }

  async #list(): Promise<Pods> {
    try {
      return await this.#options.pods();
    } catch (error) {
      throw new TelemetryError("outage", `The pods cannot be listed: ${(error as Error).message}`, "", {
        cause: error,
      });
    }
  }

  /** Those on the list, and those that have left it, as long as they answer: they may be serving their last requests. */
  async #ask(side: SideName, pods: Pods, untilAt: number): Promise<Answer[]> {
    const known = this.#pods[side];
    for (const pod of pods[side]) known.set(pod.uid, pod);
    const isListed = new Set(pods[side].map(({ uid }) => uid));
    const waiting = [...known.values()];
    const answers: Answer[] = [];
    const askNext = async () => {
      for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
        const leftMs = untilAt - this.#now();
        const answer = await scrape(this.#options.api, pod, wanted, Math.min(answerWithinMs, leftMs));
        if (isListed.has(pod.uid)) answers.push(answer);
        else if (answer.page !== null) answers.push({ ...answer, fault: null });
        else {
          known.delete(pod.uid);
          this.#note(`pod ${pod.name} is gone: what it served after its last answer is not counted`);
        }
      }
    };
    await Promise.all(Array.from({ length: askedAtOnce }, askNext));
    return answers;
  }

  /** null: the candidate has no pods yet, which is no reason to take any family. */
  #choose(answers: Record<SideName, Answer[]>, pods: Pods): Family | null {
    const pages = { stable: pagesOf(answers.stable), candidate: pagesOf(answers.candidate) };
    if (pods.stable.length > 0 && pods.candidate.length === 0) return null;
    for (const side of sideNames) this.#requireAnswers(side, pods[side], answers[side]);
    const family = read.find((one) =>
      sideNames.every((side) => pages[side].some((page) => speaks(one, page))),
    );
    if (family !== undefined) {
      this.#say(`counts are those of ${family.name}, from the pods' own metrics`);
      return family;
    }
    throw new TelemetryError(
      "outage",
      `The pods' pages have no series that count requests and how they ended (${sideNames.map((side) => `${side}: ${whatIsThere(pages[side])}`).join("; ")}).`,
      "Take the counts from Prometheus, or name them by `queries`.",
    );
  }

  #requireAnswers(side: SideName, pods: readonly CountedPod[], answers: readonly Answer[]): void {
    const listedUids = uids({ [side]: pods } as Partial<Pods>);
    const silent = answers.filter(({ pod, page }) => page === null && listedUids.has(pod.uid));
    if (pods.length === 0 && side === "stable") {
      throw new TelemetryError("outage", "No pod of stable serves.", "");
    }
    const tooMany = side === "candidate" ? silent.length > 0 : silent.length * 2 >= pods.length;
    if (silent.length === 0 || !tooMany) return;
    const why = silent[0]?.fault?.message ?? "";
    const names = listed(silent.map(({ pod }) => pod.name));
    throw new TelemetryError(
      "outage",
      `${silent.length} of ${pods.length} pods of ${side} gave no metrics (${names}): ${why}`,
      "",
    );
  }
}

function uids(pods: Partial<Pods>): Set<string> {
  return new Set(sideNames.flatMap((side) => (pods[side] ?? []).map(({ uid }) => uid)));
}

function pagesOf(answers: readonly Answer[]): Page[] {
  return answers.flatMap(({ page }) => (page === null ? [] : [page]));
}

/** A page that cannot be understood is worse than none: whatever it counts, it would be counted wrong. */
function failOnFault(side: SideName, answers: readonly Answer[]): void {
  const fault = answers.find(({ fault }) => fault !== null && fault.code !== "outage");
  if (fault !== undefined) throw at(`${side}: pod ${fault.pod.name}`, fault.fault);
}

function readingsOf(side: SideName, family: Family, answers: readonly Answer[]): Reading[] {
  return answers.flatMap(({ pod, page }): Reading[] => {
    if (page === null) return [];
    try {
      if (!speaks(family, page)) {
        throw new TelemetryError("ambiguous", `it does not count as the others do, in ${family.name}.`, "");
      }
      const started = page.samples.find(({ name }) => name === processStart)?.value;
      const process = started !== undefined && Number.isFinite(started) ? started : null;
      return [
        {
          key: pod.uid,
          name: `pod ${pod.name}`,
          seen: { process, counts: readFamily(family, page.samples) },
        },
      ];
    } catch (error) {
      throw at(`${side}: pod ${pod.name}`, error);
    }
  });
}

function whatIsThere(pages: readonly Page[]): string {
  if (pages.length === 0) return "no page";
  const names = pages.flatMap(({ samples, declared }) => [...declared, ...samples.map(({ name }) => name)]);
  const known = Object.entries(countsNoFailures).find(([series]) =>
    names.some((one) => one.startsWith(series)),
  );
  return known === undefined ? "none of them" : `${known[1]}, which does not count failures`;
}
