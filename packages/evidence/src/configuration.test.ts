import { parseGates } from "@ml-actions/gates/language";
import { describe, expect, test } from "vitest";
import { canonicalJson, configurationDigest } from "./configuration.ts";

const base = {
  gates: parseGates("f1 >= baseline - 0.02\nauc >= 0.6"),
  rule: "estimate",
  confidence: 0.95,
} as const;

describe("the digest of a gate configuration", () => {
  test("is stable, so that a policy may pin it", () => {
    expect(configurationDigest(base)).toMatchInlineSnapshot(
      `"sha256:061118501d4fc9d99f4b1917fd63127e89ff0d384415979ef3c7eb913a7cba06"`,
    );
  });

  test("does not depend on order or white space", () => {
    const other = parseGates("auc>=0.6,  f1   >=  baseline-0.02");
    expect(configurationDigest({ ...base, gates: other })).toBe(configurationDigest(base));
    expect(configurationDigest({ ...base, settings: { a: 1, b: [2] } })).toBe(
      configurationDigest({ ...base, settings: { b: [2], a: 1 } }),
    );
  });

  test("changes with anything that makes a pass mean less", () => {
    const digests = [
      base,
      { ...base, gates: parseGates("f1 >= baseline - 0.03\nauc >= 0.6") },
      { ...base, gates: parseGates("f1 >= baseline - 0.02") },
      { ...base, gates: parseGates("f1 >= baseline - 0.02 [prove]\nauc >= 0.6") },
      { ...base, rule: "refute" as const },
      { ...base, confidence: 0.9 },
      { ...base, settings: { threshold: 0.5 } },
    ].map(configurationDigest);
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe("canonical JSON", () => {
  // The example of RFC 8785 §3.2.2, whose result §3.2.3 gives.
  test("is that of RFC 8785", () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(JSON.parse(text))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, "\ud800"])("refuses %s", (value) => {
    expect(() => canonicalJson({ value })).toThrow(/cannot be written as JSON/);
  });
});
