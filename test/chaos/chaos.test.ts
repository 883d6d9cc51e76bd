/** Every fault on every target it is for. What a case is, is said in `cases.ts` and `disasters.ts`; what must hold after
 * it, in `case-run.ts` and `ending.ts`. */
import { afterAll, beforeAll, describe, it } from "vitest";
import { lab } from "../lab/lab.ts";
import { givenKubeconfig } from "../lab/site.ts";
import { goThrough } from "./case-run.ts";
import { cases, every, fast } from "./cases.ts";
import { disasters, Muster, untilClusterIsWell } from "./disasters.ts";
import { crowd } from "./scene.ts";
import { Table } from "./table.ts";

// A cluster that the caller gave is not ours to kill, nor are its nodes ours to change.
const own = givenKubeconfig() === null;
const matrix = every.flatMap((target) =>
  cases
    .filter(({ targets = fast, scarce }) => targets.includes(target) && (own || !scarce))
    .map((each) => ({ each, target, title: `${target}: ${each.fault}` })),
);
const faults = [...cases, ...disasters].map(({ fault }) => fault);
const table = new Table(faults, every);

beforeAll(async () => {
  await (await lab()).need("cluster", "gateway", "istio", "knative", "kserve", "prometheus");
});
afterAll(() => table.finish(matrix.length + (own ? disasters.length * every.length : 0), crowd.most));

describe("stable is restored or the candidate promoted, and nothing is left", () => {
  it.concurrent.for(matrix)("$title", ({ each, target }) => goThrough(each, target, table));
});

describe.runIf(own)("so they are when the whole cluster is struck", () => {
  it.for(disasters)("every target: $fault", async (disaster) => {
    const muster = new Muster(disaster.strike);
    const ended = await Promise.allSettled(
      every.map((target) =>
        goThrough(muster.caseOf(disaster), target, table).finally(() => muster.leave(target)),
      ),
    );
    await untilClusterIsWell();
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  });
});
