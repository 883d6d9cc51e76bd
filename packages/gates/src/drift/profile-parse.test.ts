import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProfile, ProfileBuilder, parseProfile } from "../drift.ts";
import { GatesError } from "../error.ts";
import { normals, numbers, strings, tableOf } from "./tables.testing.ts";

const builder = new ProfileBuilder();
builder.add(
  tableOf(
    numbers("x", [...normals(1, 600), Number.NaN]),
    strings("s", [...new Array<string>(600).fill("a"), "b"]),
    strings(
      "id",
      Array.from({ length: 601 }, (_, i) => `identifier ${i}`),
    ),
  ),
);
const text = formatProfile(builder.profile());
interface Column {
  [field: string]: unknown;
}
type Edit = (
  columns: Record<"id" | "s" | "x", Column>,
  all: { columns: Column[]; [field: string]: unknown },
) => void;

function edited(edit: Edit): string {
  const all = JSON.parse(text) as { columns: Column[] };
  const [id, s, x] = all.columns as [Column, Column, Column];
  edit({ id, s, x }, all);
  return JSON.stringify(all);
}

function refusal(profile: string): GatesError {
  try {
    parseProfile(profile, "drift/reference.json");
  } catch (error) {
    if (error instanceof GatesError) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("reading a profile", () => {
  it("gives back what was written, columns with any name", () => {
    expect(formatProfile(parseProfile(text, "p"))).toBe(text);
    const odd = new ProfileBuilder();
    odd.add(tableOf(numbers("__proto__", [1]), strings("constructor", ["__proto__"]), numbers("", [2])));
    const written = formatProfile(odd.profile());
    expect(formatProfile(parseProfile(written, "p"))).toBe(written);
    expect([...parseProfile(written, "p").columns.keys()]).toEqual(["", "__proto__", "constructor"]);
  });

  it.each<[string, string, RegExp]>([
    ["no JSON", "{", /not JSON/],
    ["nothing", "", /not JSON/],
    ["a list", "[]", /expected a JSON object/],
    [
      "another schema",
      edited((_, all) => {
        all.schema = "ml-actions/drift-profile/v2";
      }),
      /v2", expected "ml-actions\/drift-profile\/v1"/,
    ],
    [
      "a column twice",
      edited((_, all) => {
        all.columns.push(all.columns[0] as Column);
      }),
      /column id: it is there twice/,
    ],
    [
      "a column without a name",
      edited(({ x }) => {
        delete x.name;
      }),
      /column 3 is .*expected an object with a name/,
    ],
    [
      "columns that are none",
      edited((_, all) => {
        all.columns = [null as unknown as Column];
      }),
      /column 1 is null/,
    ],
    [
      "rows that are no count",
      edited((_, all) => {
        all.rows = 1.5;
      }),
      /rows is 1.5/,
    ],
    [
      "sums that contradict",
      edited(({ s }) => {
        s.counts = [599, 1];
      }),
      /column s: its counts add up to 600 rows, the profile has 601/,
    ],
    [
      "counts that are not whole",
      edited(({ s }) => {
        s.counts = [600.5, 0.5];
      }),
      /column s: counts/,
    ],
    [
      "counts below 0",
      edited(({ s }) => {
        s.counts = [602, -1];
      }),
      /column s: counts/,
    ],
    [
      "a name twice",
      edited(({ s }) => {
        s.names = ["a", "a"];
      }),
      /column s: names: expected each once/,
    ],
    [
      "names that are none",
      edited(({ s }) => {
        s.names = [{ __proto__: 1 }, 2];
      }),
      /column s: names/,
    ],
    [
      "NaN that are not missing",
      edited(({ x }) => {
        x.nan = 2;
      }),
      /column x: missing 1 and nan 2/,
    ],
    [
      "a level that is none",
      edited(({ x }) => {
        x.level = 64;
      }),
      /column x: level is 64/,
    ],
    [
      "cells that are no base64",
      edited(({ x }) => {
        x.cells = "§§§";
      }),
      /column x: its cells/,
    ],
    [
      "cells of another level",
      edited(({ x }) => {
        x.level = 60;
      }),
      /column x/,
    ],
    [
      "cells cut off",
      edited(({ x }) => {
        x.cells = (x.cells as string).slice(0, 40);
      }),
      /column x: its/,
    ],
    [
      "a range beyond its cells",
      edited(({ x }) => {
        x.range = [-100, 1];
      }),
      /column x: its range/,
    ],
    [
      "a field that nobody knows",
      edited(({ x }) => {
        x["::error::"] = 1;
      }),
      /column x: unknown "::error::"/,
    ],
    [
      "a kind that is none",
      edited(({ x }) => {
        x.kind = "text";
      }),
      /column x: its kind is "text"/,
    ],
    [
      "buckets beyond their hash",
      edited(({ id }) => {
        id.dropped = 32;
      }),
      /column id: its buckets/,
    ],
  ])("refuses %s, with its place and what to do", (_what, profile, message) => {
    const error = refusal(profile);
    expect(error.code).toBe("profile");
    expect(error.message).toMatch(message);
    expect(error.message).toContain("drift/reference.json");
    expect(error.remedy).toContain("again");
  });

  it("names all problems at once, ten of them", () => {
    const { message } = refusal(
      edited((_, all) => {
        all.columns = Array.from({ length: 14 }, (_, i) => ({ name: `c${i}`, kind: "?" }));
      }),
    );
    expect(message.match(/column c\d+/g)).toHaveLength(10);
    expect(message).toContain("and 4 more");
  });

  it("never does anything but read or refuse, whatever is changed", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1e300, "", "AAAA", "gICAgICAgICAgIA="));
    fc.assert(
      fc.property(
        fc.constantFrom("id", "s", "x"),
        fc.constantFrom(
          "name",
          "kind",
          "missing",
          "nan",
          "infinite",
          "range",
          "level",
          "cells",
          "names",
          "counts",
          "dropped",
          "buckets",
        ),
        value,
        (column, field, replaced) => {
          const profile = edited((columns) => {
            (columns as Record<string, Column>)[column as string] = Object.assign(columns[column as "x"], {
              [field]: replaced,
            });
          });
          try {
            formatProfile(parseProfile(profile, "p"));
          } catch (error) {
            expect(error).toBeInstanceOf(GatesError);
          }
        },
      ),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string(), (anything) => {
        expect(() => parseProfile(anything, "p")).toThrow(GatesError);
      }),
    );
  });
});
