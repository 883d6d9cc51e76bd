import { expect, it } from "vitest";
import { pairUp } from "./pairs.ts";

const answer = (id: string, output: number, { at = 100, input = "same" } = {}) => ({
  at,
  request_id: id,
  model: "sha256:0",
  input,
  outputs: [output],
  ms: 1,
});
async function* of<Item>(...items: Item[]): AsyncGenerator<Item> {
  yield* items;
}

it("joins the answers of both sides by request id", async () => {
  const found = await pairUp(
    of(answer("a", 0.1), answer("b", 0.2)),
    of(answer("b", 0.3), answer("a", 0.4)),
    0,
  );
  expect(
    found.pairs.map(({ id, stable, candidate }) => [id, stable.outputs[0], candidate.outputs[0]]),
  ).toEqual([
    ["a", 0.1, 0.4],
    ["b", 0.2, 0.3],
  ]);
});

it("leaves out what came before, what has no counterpart, and what nobody can tell apart", async () => {
  const stable = of(
    answer("old", 0, { at: 1 }),
    answer("alone", 0),
    answer("twice", 0),
    answer("twice", 1),
    answer("other", 0),
  );
  const candidate = of(
    answer("old", 0, { at: 1 }),
    answer("twice", 0),
    answer("other", 0, { input: "another" }),
  );
  expect(await pairUp(stable, candidate, 50)).toEqual({ pairs: [], unmatched: 1, ambiguous: 2 });
});
