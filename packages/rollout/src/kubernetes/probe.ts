/** Who answers at an address: many small requests, counted by the release that names itself in each answer. */

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
}
