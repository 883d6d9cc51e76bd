import { describe, expect, it } from "vitest";
import { Judge } from "../judge.ts";
import { parseGate } from "../language.ts";
import type { SideCounts } from "../types.ts";
import { prove } from "./asking.testing.ts";
import { healthy, noCounts, randomFrom, serve } from "./traffic.testing.ts";

/** Bounds as they come, in ms. */
const exporters = {
  /** envoyproxy/envoy, source/common/stats/histogram_impl.cc, `defaultBuckets`. */
  Envoy: [
    ...[0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000],
    ...[600_000, 1_800_000, 3_600_000],
  ],
  /** The example of Istio's annotation `sidecar.istio.io/statsHistogramBuckets` (istio/istio, pkg/bootstrap/testdata);
   * without it Istio's proxies have Envoy's. */
  Istio: [1, 5, 10, 50, 100, 500, 1000, 5000, 10_000],
  /** NVIDIA Triton's `nv_inference_first_response_histogram_ms`, by its documentation of metrics. */
  Triton: [100, 500, 2000, 5000],
} as const;

/** prometheus/client_python, `Histogram.DEFAULT_BUCKETS`. */
const python = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

/** Two sides of one rollout, look by look: a tenth of the requests to the candidate. */
function looks(gate: string, boundsMs: readonly number[], how: { medianMs: number; candidateMs?: number }) {
  const judge = new Judge([parseGate(gate)], prove);
  const random = randomFrom(7);
  let [stable, candidate]: SideCounts[] = [noCounts(boundsMs), noCounts(boundsMs)] as [
    SideCounts,
    SideCounts,
  ];
  let at = 0;
  return {
    judge,
    look: (requests: number) => {
      stable = serve(stable as SideCounts, requests * 9, { ...healthy, medianMs: how.medianMs }, random);
      const medianMs = how.candidateMs ?? how.medianMs;
      candidate = serve(candidate as SideCounts, requests, { ...healthy, medianMs }, random);
      judge.look({ at: at++, ok: true, stable, candidate } as never);
      return judge.verdicts()[0];
    },
  };
}

const usual = "latency.p99 <= baseline * 1.5";

describe("buckets as they come", () => {
  it.each(Object.entries(exporters))("%s: the default gate is dead at the first look", (_, boundsMs) => {
    for (const medianMs of [3, 20, 90, 700]) {
      const { look } = looks(usual, boundsMs, { medianMs });
      expect(look(1)).toMatchObject({ verdict: "inconclusive", outlook: { kind: "dead" } });
      expect(look(5000)).toMatchObject({ verdict: "inconclusive", outlook: { kind: "dead" } });
    }
  });

  it("says which bounds lie around stable's quantile, and what to do", () => {
    const { look } = looks(usual, exporters.Envoy, { medianMs: 20 });
    const { outlook, settle } = look(1000) as { outlook: { why: string; remedy: string }; settle: string };
    expect(outlook.why).toMatch(/around stable's p99 \([\d.]+ ms\) are 25, 50, 100, 250 ms, too coarse/);
    expect(outlook.remedy).toMatch(
      /^Allow `baseline \* 2(\.5)?`, bound it by one of them, `<= 100ms`, decide by `\[refute\]`/,
    );
    expect(settle).toBe(`${outlook.why}. ${outlook.remedy}`);
  });

  it.each(Object.entries(exporters))(
    "%s: what the remedies name is proven of an equal candidate",
    (_, boundsMs) => {
      const medianMs = boundsMs.length < 5 ? 300 : 20;
      const first = looks(usual, boundsMs, { medianMs });
      const { outlook } = first.look(1000) as unknown as { outlook: { remedy: string } };
      const wider = /baseline \* [\d.]+/.exec(outlook.remedy)?.[0];
      const fixed = /<= [\d.]+ms/.exec(outlook.remedy)?.[0];
      const named = [
        ...(wider === undefined ? [] : [`<= ${wider}`]),
        ...(fixed === undefined ? [] : [fixed]),
      ];
      expect(named).not.toEqual([]);
      for (const bound of named) {
        const { look } = looks(`latency.p99 ${bound}`, boundsMs, { medianMs });
        expect([bound, look(1000)?.outlook?.kind]).not.toEqual([bound, "dead"]);
        for (let more = 0; more < 4; more++) look(1000);
        expect([bound, look(5000)?.verdict]).toEqual([bound, "pass"]);
      }
    },
  );

  it("still refute a candidate that is much slower", () => {
    const { look } = looks(usual, exporters.Envoy, { medianMs: 20, candidateMs: 100 });
    look(200);
    expect(look(200)).toMatchObject({ verdict: "fail", outlook: null });
  });

  it("are not called dead where some that may stand for the quantile would do", () => {
    // 75 is within 1.5 times of 50, nothing is of 100: it depends on where stable's p99 lies.
    const near = looks(usual, python, { medianMs: 20 });
    expect([near.look(1), near.look(100), near.look(5000)].map((one) => one?.outlook?.kind)).not.toContain(
      "dead",
    );
    const far = looks(usual, python, { medianMs: 90 });
    expect(far.look(1)?.outlook?.kind).not.toBe("dead");
    expect(far.look(5000)?.outlook).toMatchObject({ kind: "dead" });
  });

  it("may prove a gate that asks for a faster candidate", () => {
    const { look } = looks("latency.p99 <= baseline * 0.9", exporters.Envoy, {
      medianMs: 40,
      candidateMs: 5,
    });
    expect(look(1)?.outlook?.kind).not.toBe("dead");
    look(2000);
    expect(look(2000)?.verdict).toBe("pass");
  });
});

describe("what a source never counts", () => {
  const play = (gate: string, lacks: Partial<SideCounts>, requests: number, errors = 0) => {
    const judge = new Judge([parseGate(gate)], prove);
    const side = { ...noCounts([100]), requests, errors, ...lacks };
    judge.look({ at: 0, ok: true, stable: side, candidate: side });
    judge.look({ at: 10, ok: false, problem: "outage", detail: "…" });
    judge.look({ at: 20, ok: true, stable: side, candidate: side });
    return judge.verdicts()[0]?.outlook;
  };

  it.each([
    [usual, { latency: null }, "no latency histogram"],
    ["nan_rate <= baseline + 0.005", { nan: null }, "does not count NaN"],
    ["score_drift <= 0.1", { scores: null }, "no score histogram"],
  ] as const)("%s is dead once 20 answers were counted without it", (gate, lacks, why) => {
    expect(play(gate, lacks, 20)).toMatchObject({ kind: "dead", why: expect.stringContaining(why) });
    expect(play(gate, lacks, 19)).toMatchObject({ kind: "unread" });
    // Some servers time what they answered alone.
    expect(play(gate, lacks, 25, 10)).toMatchObject({ kind: "unread" });
  });
});
