import { describe, expect, it } from "vitest";
import { contradiction, type SignedFigures } from "./signed-figures.ts";

const digest = (fill: string) => `sha256:${fill.repeat(64)}`;
const here = { dataset: digest("d"), configuration: digest("c") };
const signed = (change: Partial<SignedFigures> = {}): SignedFigures => ({
  label: "flights-1",
  image: `ghcr.io/org/flights@${digest("a")}`,
  digest: digest("a"),
  signer: "key sha256:ab12",
  metrics: { auc: 0.71, f1: 0.4, "f1{carrier=UA}": 0.42, "latency.p95": 3, agreement: 0.98 },
  dataset: { name: "dataset.parquet", digest: here.dataset },
  configurations: [here.configuration],
  ...change,
});

describe("signed figures held against measured ones", () => {
  it("agree within what another processor may round", () => {
    expect(contradiction(signed(), { auc: 0.71003, f1: 0.4, "f1{carrier=UA}": 0.42 }, here)).toBeNull();
  });

  it("are contradicted by name and value when they differ", () => {
    const found = contradiction(signed(), { auc: 0.69, f1: 0.4, "f1{carrier=UA}": 0.3 }, here);
    expect(found).toContain("auc 0.71, measured 0.69; f1{carrier=UA} 0.42, measured 0.3;");
    expect(found).toContain("one of the two did not measure this model");
    expect(found).toContain(signed().image);
    expect(found).not.toContain("f1 0.4,");
  });

  it("differ for a reason when the configuration was another", () => {
    const found = contradiction(signed({ configurations: [digest("e")] }), { f1: 0.3 }, here);
    expect(found).toContain("its gates or settings (threshold, label, weight, group) were others");
  });

  it("need not agree on another dataset, or on times and what compares two models", () => {
    const other = { name: "other.csv", digest: digest("f") };
    expect(contradiction(signed({ dataset: other }), { auc: 0.5 }, here)).toBeNull();
    expect(contradiction(signed({ dataset: null }), { auc: 0.5 }, here)).toBeNull();
    expect(contradiction(signed(), { "latency.p95": 30, agreement: 0.5 }, here)).toBeNull();
  });

  it("that were not measured now say nothing; zero differs from anything else", () => {
    expect(contradiction(signed(), {}, here)).toBeNull();
    expect(contradiction(signed({ metrics: { f1: 0 } }), { f1: 0 }, here)).toBeNull();
    expect(contradiction(signed({ metrics: { f1: 0 } }), { f1: 0.001 }, here)).not.toBeNull();
  });

  it("are shown up to five, the rest counted", () => {
    const metrics = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f1{carrier=${i}}`, 0.5]));
    const measured = Object.fromEntries(Object.keys(metrics).map((name) => [name, 0.1]));
    expect(contradiction(signed({ metrics }), measured, here)).toContain("and 4 more;");
  });
});
