import type { Observation } from "@ml-actions/gates/types";
import { expect, it } from "vitest";
import { Join } from "./join.ts";
import { assertComparable } from "./pairing.ts";
import type { ShadowRun } from "./shadow-run.ts";

const digest = `sha256:${"1".repeat(64)}`;
const side = (requests: number) => ({ requests, errors: 0, nan: 0, latency: null });
const tally = { eligible: 90, compared: 0, duplicates: 0, differingInputs: 0, unanswered: 90 };

const run = (stable: number, more: Partial<ShadowRun["tally"]> = {}, counts?: Observation): ShadowRun => ({
  stable: { digest, label: "flights-1", model: { digest, uri: "u", contract: "c" } },
  sent: 0,
  counts: counts ?? { at: 1, ok: true, stable: side(stable), candidate: side(0) },
  join: new Join(1),
  tally: { ...tally, ...more },
  contract: null,
  notes: [],
});
const outage: Observation = { at: 1, ok: false, problem: "outage", detail: "away" };

it("says that stable logs nothing, once it has answered enough", () => {
  const silent = () => assertComparable(run(20), { stable: 0, candidate: 0 }, 15_000);
  expect(silent).toThrow(/flights-1 has answered 20 requests and logged no prediction/);
  assertComparable(run(19), { stable: 0, candidate: 0 }, 15_000);
  assertComparable(run(20), { stable: 0, candidate: 0 }, 14_000);
  assertComparable(run(20), { stable: 1, candidate: 0 }, 15_000);
  assertComparable(run(20, {}, outage), { stable: 0, candidate: 0 }, 15_000);
});

it("says that nobody gives requests an id that both sides see", () => {
  const seen = { stable: 20, candidate: 25 };
  expect(() => assertComparable(run(50), seen, 15_000)).toThrow(
    /Stable logged 20 answers and the candidate 25, and no request has the same id/,
  );
  for (const joined of [{ compared: 1 }, { duplicates: 1 }, { differingInputs: 1 }])
    assertComparable(run(50, joined), seen, 15_000);
  assertComparable(run(50), { ...seen, candidate: 19 }, 60_000);
});
