import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Answer, Join, type Side } from "./join.ts";

const answer = (id: string, outputs: Answer["outputs"], input = "aa"): Answer => ({
  id,
  input: `sha256:${input}`,
  outputs,
  ms: 1,
});

function joined(width: number, lines: readonly [Side, Answer][]): Join {
  const join = new Join(width);
  for (const [side, line] of lines) join.add(side, line);
  return join;
}

describe("answers joined by request id", () => {
  it("stand beside each other, whichever side came first", () => {
    const join = joined(1, [
      ["candidate", answer("b", [0.4])],
      ["stable", answer("a", [0.1])],
      ["stable", answer("b", [0.2])],
      ["candidate", answer("a", [0.3])],
    ]);
    const { requests, rows, scores, starts, rowOf } = join.compared();
    expect([requests, rows]).toEqual([2, 2]);
    expect([...scores.stable]).toEqual([0.2, 0.1]);
    expect([...scores.candidate]).toEqual([0.4, 0.3]);
    expect([...starts]).toEqual([0, 1, 2]);
    expect([rowOf("a", 0), rowOf("a", 1), rowOf("a", -1), rowOf("nobody", 0)]).toEqual([1, -1, -1, -2]);
  });

  it("keep the instances of a request and the numbers of an answer together", () => {
    const join = joined(2, [
      ["stable", answer("a", [[1, 2], null])],
      [
        "candidate",
        answer("a", [
          [3, 4],
          [5, 6],
        ]),
      ],
      ["stable", answer("b", [[7, 8]])],
      ["candidate", answer("b", [9])],
    ]);
    const { scores, starts, rowOf } = join.compared();
    expect([...scores.stable]).toEqual([1, 2, Number.NaN, Number.NaN, 7, 8]);
    // One number is no answer of a model with two.
    expect([...scores.candidate]).toEqual([3, 4, 5, 6, Number.NaN, Number.NaN]);
    expect([...starts]).toEqual([0, 2, 3]);
    expect([rowOf("a", 1), rowOf("b", 0)]).toEqual([1, 2]);
  });

  it("are counted in full: what came twice, what was of other instances, what has no counterpart", () => {
    const join = joined(1, [
      ["stable", answer("twice", [0])],
      ["stable", answer("twice", [1])],
      ["stable", answer("twice", [1])],
      ["candidate", answer("twice", [0])],
      ["stable", answer("again", [0])],
      ["candidate", answer("again", [0])],
      ["candidate", answer("again", [0])],
      ["stable", answer("other", [0], "aa")],
      ["candidate", answer("other", [0], "ab")],
      ["stable", answer("another", [0], "00000000aaaaaaaa")],
      ["candidate", answer("another", [0], "00000000aaaaaaab")],
      ["stable", answer("more", [0])],
      ["candidate", answer("more", [0, 1])],
      ["stable", answer("alone", [0])],
      ["candidate", answer("only the candidate's", [0])],
      ["stable", answer("fine", [0])],
      ["candidate", answer("fine", [0])],
    ]);
    expect(join.tally()).toEqual({
      eligible: 9,
      compared: 1,
      duplicates: 4,
      differingInputs: 3,
      unanswered: 1,
    });
    expect(join.compared()).toMatchObject({ requests: 1, rows: 1 });
  });

  it("add up, and are those of a plain join, for any lines in any order", () => {
    const line = fc.tuple(
      fc.constantFrom<Side>("stable", "candidate"),
      fc.record({
        id: fc.constantFrom("a", "b", "c", "__proto__", "constructor"),
        input: fc.constantFrom("sha256:aa", "sha256:ab"),
        outputs: fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 2 }),
        ms: fc.constant(1),
      }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const join = joined(1, lines);
        const tally = join.tally();
        const { eligible, compared, duplicates, differingInputs, unanswered } = tally;
        expect(compared + duplicates + differingInputs + unanswered).toBe(eligible);
        expect(eligible).toBe(lines.filter(([side]) => side === "stable").length);
        const of = (side: Side, id: string) => lines.filter(([s, l]) => s === side && l.id === id);
        const plain = [...new Set(lines.map(([, { id }]) => id))].filter((id) => {
          const [ours, theirs] = [of("stable", id), of("candidate", id)];
          const [a, b] = [ours[0]?.[1], theirs[0]?.[1]];
          if (ours.length !== 1 || theirs.length !== 1 || a === undefined || b === undefined) return false;
          return a.input === b.input && a.outputs.length === b.outputs.length;
        });
        const seen = join.compared();
        expect(compared).toBe(plain.length);
        expect([...seen.scores.candidate]).toEqual(
          plain.flatMap((id) => of("candidate", id)[0]?.[1].outputs ?? []),
        );
        expect([...seen.scores.stable]).toEqual(
          plain.flatMap((id) => of("stable", id)[0]?.[1].outputs ?? []),
        );
      }),
    );
  });
});
