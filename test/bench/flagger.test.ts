/** The main claims of `npm run bench -- flagger`, on few rollouts. */
import { describe, expect, it } from "vitest";
import { bad, type Cell, good } from "./flagger/cells.ts";
import type { ContenderName } from "./flagger/contenders.ts";
import { mean, play, wilson } from "./flagger/tables.ts";
import { withTable } from "./flagger.ts";

/** Rollouts a claim; few where each takes hundreds of looks. */
const runs = 10;
const few = 4;
const cell = (cells: readonly Cell[], name: string): Cell => {
  const found = cells.find((one) => one.name.startsWith(name));
  if (found === undefined) throw new Error(`no cell ${name}`);
  return found;
};
const badRequests = async (name: string, contender: ContenderName) =>
  mean((await play(cell(bad, name), contender, runs)).map((one) => one.bad));
const ends = async (name: string, contender: ContenderName) =>
  (await play(cell(good, name), contender, few)).map(({ ended }) => ended);

describe("a worse candidate", () => {
  it.each(["fails 5 %, 50 ", "fails 20 %, 50 ", "fails 100 %, 50 ", "fails 100 %, 500 "])(
    "that %s requests/s fails fewer users than with Flagger, at its intervals and at each one's own",
    async (name) => {
      expect(await badRequests(name, "oursAsExample")).toBeLessThan(
        0.6 * (await badRequests(name, "example")),
      );
      expect(await badRequests(name, "ours")).toBeLessThan(0.3 * (await badRequests(name, "tutorial")));
    },
  );

  it("that fails always is rolled back by Flagger an interval after the fifth failed check, by us at the first look", async () => {
    const seconds = async (contender: ContenderName) =>
      (await play(cell(bad, "fails 100 %, 500"), contender, 3)).map((one) => one.seconds);
    expect(await seconds("tutorial")).toEqual([360, 360, 360]);
    expect(await seconds("ours")).toEqual([10, 10, 10]);
  });
});

describe("a candidate as good as stable", () => {
  it("is promoted by both where all is well", async () => {
    for (const contender of ["tutorial", "ours"] as const) {
      expect(new Set(await ends("500 requests/s", contender))).toEqual(new Set(["promoted"]));
    }
  });

  it("is called worse by Flagger and not by us when traffic pauses, or both fail alike", async () => {
    for (const name of ["bursts", "both fail 3 % for ten minutes"]) {
      const flagger = await ends(name, "tutorial");
      expect(flagger.filter((end) => end === "refuted").length).toBeGreaterThan(few / 2);
      expect((await ends(name, "ours")).filter((end) => end === "refuted")).toEqual([]);
    }
  });

  it("waits for its proof where there is little traffic, or where both failed alike, and gets it", async () => {
    for (const name of ["5 requests/s", "both fail 30 % for a minute"]) {
      expect(await ends(name, "hasty")).toContain("undecided");
      expect(new Set(await ends(name, "ours"))).toEqual(new Set(["promoted"]));
    }
  });

  it("is not taken back because nobody could count for five minutes; by Flagger it is", async () => {
    expect(new Set(await ends("no metrics for 5 minutes", "ours"))).toEqual(new Set(["promoted"]));
    expect(await ends("no metrics for 5 minutes", "tutorial")).toContain("refuted");
  });
});

it("Wilson's interval is that of his formula (1927), computed apart: 3 of 100", () => {
  const [low, high] = wilson(3, 100);
  expect(low).toBeCloseTo(0.01025, 4);
  expect(high).toBeCloseTo(0.08452, 4);
});

it("one table alone is written in its place, a new one after all others", () => {
  const page = "## Part\n\n### 5 requests/s\n\nold\n\n### 0.5 requests/s\n\nother\n";
  expect(withTable(page, "### 5 requests/s", "### 5 requests/s\n\nnew\n")).toBe(page.replace("old", "new"));
  expect(withTable(page, "### 50 requests/s", "### 50 requests/s\n\nmore\n")).toBe(
    `${page}\n### 50 requests/s\n\nmore\n`,
  );
});
