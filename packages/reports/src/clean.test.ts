import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { oneLine, shortDigest, shortened } from "./clean.ts";

describe("text from outside", () => {
  test("is one line without control characters", () => {
    expect(oneLine("a\r\n::error::b\u001b[31mc\u2028d\0")).toBe("a ::error::b [31mc d");
  });

  test("cannot reorder or hide itself", () => {
    expect(oneLine("invoice\u202egnp.exe\u200b\u2066!")).toBe("invoicegnp.exe!");
  });

  test("keeps letters of every script and joined emoji", () => {
    const kept = "Zürich 東京 می\u200cخواهم 👩\u200d🔬";
    expect(oneLine(kept)).toBe(kept);
  });

  test("has no half characters, also where it is cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 30 }), (any, length) => {
        for (const shown of [oneLine(any, length), shortened(any, Math.max(4, length))]) {
          expect(shown.isWellFormed()).toBe(true);
          expect(shown).not.toMatch(/\p{Cc}/u);
        }
        expect(oneLine(any, length).length).toBeLessThanOrEqual(length);
      }),
    );
  });

  test("long names keep both ends", () => {
    expect(shortened("registry.example/team/very/long/path/flights:1.2.3", 24)).toBe(
      "registry.examp…hts:1.2.3",
    );
  });

  test("a digest is shortened to what tells releases apart", () => {
    expect(shortDigest(`sha256:${"ab".repeat(32)}`)).toBe("sha256:abababababab");
    expect(shortDigest("not a digest")).toBe("not a digest");
  });
});
