import { describe, expect, test } from "vitest";
import { driftFail, driftOfMany } from "../examples/drifts.ts";
import { verdict } from "../examples/evaluations.ts";
import {
  boundsOf,
  driftedFirst,
  effectOf,
  effectWords,
  gapsOf,
  gatedEffects,
  standingOf,
  tellingBins,
} from "./drift.ts";

const [temp, carrier, gust] = driftFail.features;
if (temp === undefined || carrier === undefined || gust === undefined) throw new Error("examples are gone");

describe("the gates of drift", () => {
  const all = verdict({ gate: "psi <= 0.2", bound: 0.2 });
  const one = verdict({ gate: "psi{feature=temp} <= 0.1", bound: 0.1 });

  test("say which figures are drawn; PSI is when none does", () => {
    expect(gatedEffects(driftFail.gates)).toEqual(["psi", "missing_rate"]);
    expect(gatedEffects([])).toEqual(["psi"]);
    expect(gatedEffects([verdict({ gate: "estimated_f1 >= 0.3" }), verdict({ gate: "js <= 0.1" })])).toEqual([
      "js",
    ]);
  });

  test("bound each feature: its own gate's bound before that of all", () => {
    const bounds = boundsOf([one, all], "psi");
    expect([bounds.of("temp"), bounds.of("carrier"), bounds.partial]).toEqual([0.1, 0.2, false]);
    expect(boundsOf([one], "psi").of("carrier")).toBeNull();
    expect(boundsOf([one], "psi").partial).toBe(true);
    expect(boundsOf([all], "kl").of("temp")).toBeNull();
    expect(boundsOf([{ ...all, bound: null }], "psi").of("temp")).toBeNull();
  });

  test("make a feature drifted only where the test says so too", () => {
    expect(standingOf(temp, temp.psi, 0.2)).toBe("drifted");
    expect(standingOf(gust, gust.psi, 0.2)).toBe("chance");
    expect(standingOf(temp, 0.1, 0.2)).toBe("within");
    expect(standingOf(temp, null, 0.2)).toBe("unknown");
    expect(standingOf(temp, 0.1, null)).toBe("drifted");
    expect(standingOf(gust, 0.1, null)).toBe("within");
  });
});

describe("features", () => {
  test("come drifted first, else in the order given", () => {
    expect(driftedFirst([gust, carrier, temp]).map(({ feature }) => feature)).toEqual([
      "carrier",
      "temp",
      "wind_gust",
    ]);
  });

  test("with values that went missing or categories that nobody knew are called out", () => {
    expect(gapsOf(driftFail.features).map(({ feature }) => feature)).toEqual([
      "carrier",
      "wind_gust",
      "engine_hours",
    ]);
  });

  test("have figures in words of one width, and none that is not finite", () => {
    expect(effectWords("psi", 0.0007)).toBe("0.001");
    expect(effectWords("psi", null)).toBe("—");
    expect(effectWords("wasserstein", 28.1)).toBe("28.1");
    expect(effectWords("missing_rate", 0.778)).toBe("77.8\u00a0%");
    expect(effectOf({ ...temp, psi: Number.POSITIVE_INFINITY }, "psi")).toBeNull();
  });
});

describe("bins", () => {
  test("become shares of each side's rows", () => {
    const bins = [
      { label: "a", reference: 10, current: 1 },
      { label: "b", reference: 30, current: 1 },
    ];
    expect(tellingBins({ ...temp, bins }, 5)).toEqual([
      { label: "a", reference: 0.25, current: 0.5 },
      { label: "b", reference: 0.75, current: 0.5 },
    ]);
    const empty = bins.map((bin) => ({ ...bin, current: 0 }));
    expect(tellingBins({ ...temp, bins: empty }, 5).map(({ current }) => current)).toEqual([0, 0]);
  });

  test("beyond the cap are those that changed most, in their own order", () => {
    expect(tellingBins(temp, 3).map(({ label }) => label)).toEqual([
      "[66.9, 73.0)",
      "[73.0, 78.1)",
      "≥ 78.1",
    ]);
    expect(tellingBins(driftOfMany(1).features[0] ?? temp, 99)).toHaveLength(5);
  });
});
