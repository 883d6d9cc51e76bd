import { Judge } from "@ml-actions/gates/judge";
import type { SideCounts } from "@ml-actions/gates/types";
import { requestBuckets } from "@ml-actions/serving/server/metrics";
import { describe, expect, it } from "vitest";
import { flights } from "../../../test/actions/suite.ts";
import { definition } from "./definition.ts";

/** What a server of ours has counted of requests that take 40 ms on the average, exponentially distributed. */
function counted(looks: number, boundsMs: readonly number[]): SideCounts {
  const upTo = [...boundsMs.map((bound) => Math.round(500 * (1 - Math.exp(-bound / 40)))), 500];
  const counts = upTo.map((count, index) => looks * (count - (upTo[index - 1] ?? 0)));
  return { requests: looks * 500, errors: 0, nan: 0, latency: { boundsMs, counts }, scores: null };
}

function verdicts(boundsMs: readonly number[]) {
  const { gates } = definition.inputs.parse({ resource: "flights", candidate: flights("flights-1.onnx") });
  const judge = new Judge(gates, { rule: "prove", confidence: 0.95 });
  for (let look = 0; look <= 20; look++) {
    const side = counted(look, boundsMs);
    judge.look({ ok: true, at: look * 10_000, stable: side, candidate: side });
  }
  return judge.verdicts().map(({ metric, verdict }) => `${metric} ${verdict}`);
}

describe("the default gates", () => {
  it("are proven of two that are equally fast, by what our server counts", () => {
    const boundsMs = requestBuckets.map((seconds) => seconds * 1000);
    expect(verdicts(boundsMs)).toEqual(["error_rate pass", "latency.p99 pass", "nan_rate pass"]);
  });

  it("are not, for any number of requests, by buckets that are each twice the one before", () => {
    const boundsMs = Array.from({ length: 14 }, (_, index) => 2 ** index);
    expect(verdicts(boundsMs)).toContain("latency.p99 inconclusive");
  });
});
