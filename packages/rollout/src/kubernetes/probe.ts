/** Who answers at an address: many small requests, counted by the release that names itself in each answer. */
import type { RequestCount } from "@ml-actions/telemetry/request-counts";

export interface ProbeRequest {
  /** In place of the address's own name. */
  host?: string;
  /** Begins with `/`. Costs no inference. */
  path: string;
  /** `GET` unless told otherwise. */
  method?: string;
  headers?: Record<string, string>;
  count: number;
}

/** `x-ml-release` of an answer that has none. */
export const unnamed = "";

export interface Probe {
  /** Answers by `x-ml-release`; `unnamed` for those without; those that are no answer, and 502 to 504 without a name,
   * by a word in brackets: `[ECONNREFUSED]`, `[503]`. Every request has a connection of its own, so that what shares
   * connections out is measured too. Rejects with `unreachable` where nobody here can ask there. */
  ask(url: string, request: ProbeRequest): Promise<Map<string, number>>;
  /** For servers that do not name themselves. Left out where nobody may look at the pods: the guard. */
  witness?: Witness;
}

/** What the pods of both sides tell of who answers. */
export interface Witness {
  /** Requests that each pod has counted until now, or in words why that cannot be known.
   * @param probePath what the kubelet asks for, which is not counted */
  look(probePath: string): Promise<Look | string>;
  /** Whether no pod of the candidate answers without the name of that release, as one says that is asked past all that
   * routes; null: it cannot be asked. */
  candidateNames(release: string, path: string): Promise<boolean | null>;
  /** What goes wrong without ending anything. */
  say(message: string): void;
}

export interface Look {
  stable: readonly RequestCount[];
  candidate: readonly RequestCount[];
}
