import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalog } from "../catalog.ts";
import type { Gate } from "../types.ts";
import { parseGates } from "./list.ts";
import { GateSyntaxError } from "./messages.ts";
import { formatGate, parseGate } from "./parse.ts";

const finite = { noNaN: true, noDefaultInfinity: true } as const;

/** Any gate that means something. */
const anyGate: fc.Arbitrary<Omit<Gate, "text">> = fc.constantFrom(...catalog).chain((entry) => {
  const metric = entry.family?.example ?? entry.name;
  const [low, high] = [Math.max(entry.range[0], -1e6), Math.min(entry.range[1], 1e6)];
  const inside = fc.double({ min: low, max: high, minExcluded: true, maxExcluded: true, ...finite });
  const width = high - low;
  const absolute = inside.map((value) => ({ kind: "absolute" as const, value: value === 0 ? 0 : value }));
  const bound = fc.oneof(
    absolute,
    entry.comparesModels
      ? absolute
      : fc
          .tuple(
            fc.double({ min: 1e-6, max: 1e6, ...finite }),
            fc.double({ min: -width, max: width, minExcluded: true, maxExcluded: true, ...finite }),
          )
          .map(([factor, offset]) => ({
            kind: "baseline" as const,
            factor,
            offset: offset === 0 ? 0 : offset,
          })),
  );
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
  const slice = fc.record({ column: text, value: text, every: fc.boolean() }).map((made) => ({
    ...made,
    value: made.every ? "*" : made.value,
  }));
  const comparison = fc.constantFrom(
    ...(entry.better === "higher" ? ([">=", ">"] as const) : (["<=", "<"] as const)),
  );
  return fc.record(
    {
      metric: fc.constant(metric),
      slice,
      comparison,
      bound,
      rule: fc.constantFrom("estimate" as const, "refute" as const, "prove" as const),
    },
    { requiredKeys: ["metric", "comparison", "bound"] },
  );
});

describe("for any input", () => {
  it("a formatted gate reads back as the same gate, alone and in a list", () => {
    fc.assert(
      fc.property(anyGate, (gate) => {
        const { text, ...read } = parseGate(formatGate(gate));
        expect(read).toEqual(gate);
        expect(parseGate(text)).toEqual({ text, ...read });
        expect(parseGates(`${text}, # a comment`)).toEqual([{ text, ...read }]);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("only GateSyntaxError is thrown, and its message has no control characters", () => {
    const words = fc.constantFrom(
      ...'f1 auc { } = , " \\ * >= <= > < baseline + - 0.2 1e9 ms % [ ] prove # \u0000 \ud800'.split(" "),
      " ",
      "\n",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          parseGates(input);
        } catch (error) {
          expect(error).toBeInstanceOf(GateSyntaxError);
          expect((error as Error).message.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        }
      }),
      { seed: 2, numRuns: 3000 },
    );
  });

  it("time grows no faster than the input", () => {
    const started = performance.now();
    for (const piece of ["{", '"', "\\", "a=", " ", "f1 >= ", "0", "#", ",", "e+"]) {
      const text = piece.repeat(Math.floor(199_000 / piece.length));
      try {
        parseGates(text);
      } catch (error) {
        expect(error).toBeInstanceOf(GateSyntaxError);
      }
    }
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
