import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText } from "./json-text.ts";

describe("the text of generated JSON", () => {
  it("has lists of scalars on a line where they fit", () => {
    const long = Array<string>(20).fill("abcdef");
    expect(jsonText({ a: [1, "x"], b: [{ c: [] }], d: long, e: {} })).toBe(
      `{\n  "a": [1, "x"],\n  "b": [\n    {\n      "c": []\n    }\n  ],\n  "d": [\n${long.map(() => '    "abcdef"').join(",\n")}\n  ],\n  "e": {}\n}\n`,
    );
  });

  it("is JSON that says the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(jsonText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 4 },
    );
  });
});
