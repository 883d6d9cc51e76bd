import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import {
  bool,
  choice,
  duration,
  filePath,
  integer,
  lines,
  list,
  number,
  orProblem,
  percentList,
  text,
} from "./fields.ts";

const refusalOf = (field: z.ZodType, value: unknown): string | undefined =>
  field
    .safeParse(value)
    .error?.issues.map((issue) => issue.message)
    .join("; ");

describe("duration", () => {
  it.each([
    ["250ms", 250],
    ["90s", 90_000],
    ["10m", 600_000],
    ["1h30m", 5_400_000],
    ["1h 30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["2d", 172_800_000],
    ["1m500ms", 60_500],
    ["0", 0],
    ["0s", 0],
    [0, 0],
  ])("reads %j as %d ms", (written, ms) => {
    expect(duration().parse(written)).toBe(ms);
  });

  it.each([
    "",
    "m",
    "10",
    10,
    "10 minutes",
    "-5s",
    "30m1h",
    "1s1s",
    "1e3s",
    "10m;",
    "10m\n20m",
    "∞s",
    "١٠m",
    "1..5s",
  ])("refuses %j", (written) => {
    expect(refusalOf(duration(), written)).toContain("expected a duration");
  });

  it("says that the unit is missing", () => {
    expect(refusalOf(duration(), "90")).toContain("its unit is missing");
  });

  it("refuses what is longer than a timer of Node can wait, which would fire at once", () => {
    expect(duration().parse("24d")).toBe(2_073_600_000);
    expect(refusalOf(duration(), "25d")).toBeDefined();
  });

  it("keeps to its bounds and names them", () => {
    expect(refusalOf(duration({ minMs: 1000, maxMs: 60_000 }), "2m")).toContain("at least 1s, at most 1m");
    expect(duration({ minMs: 1000 }).parse("1s")).toBe(1000);
  });
});

describe("numbers", () => {
  it.each([
    ["0.95", 0.95],
    [0.95, 0.95],
    [" 1e-3 ", 0.001],
    ["+.5", 0.5],
    ["1.", 1],
  ])("reads %j", (written, value) => {
    expect(number().parse(written)).toBe(value);
  });

  it.each([
    "",
    "abc",
    "NaN",
    Number.NaN,
    "Infinity",
    Infinity,
    "0x10",
    "1_000",
    "1,5",
    "1 2",
    "--1",
    true,
    [1],
    {},
    null,
    "1e999",
  ])("refuses %j", (written) => {
    expect(refusalOf(number(), written)).toContain("expected a number");
  });

  it("names its bounds, and the decimal comma", () => {
    expect(refusalOf(number({ min: 0, max: 1 }), "1.2")).toBe('expected a number from 0 to 1, got "1.2"');
    expect(refusalOf(number(), "0,95")).toContain("decimal sign");
  });

  it("refuses whole numbers that are none, or that JavaScript would round", () => {
    expect(integer().parse("1000")).toBe(1000);
    expect(refusalOf(integer(), "1.5")).toContain("a whole number");
    expect(refusalOf(integer(), "9007199254740993")).toContain("a whole number");
  });
});

describe("lists", () => {
  it("reads percentages with and without their sign, from text and YAML", () => {
    expect(percentList().parse("10, 25 %,50%\n100")).toEqual([10, 25, 50, 100]);
    expect(percentList().parse([10, "25", 100])).toEqual([10, 25, 100]);
    expect(percentList().parse(100)).toEqual([100]);
  });

  it.each(["", ",", "0, 10", "10, 10", "50, 10", "10, 101", "10, x", [], [Number.NaN]])(
    "refuses the percentages %j",
    (raw) => {
      expect(refusalOf(percentList(), raw)).toContain("rising percentages");
    },
  );

  it("splits words at commas and lines, but not the items of a YAML list", () => {
    expect(list().parse("carrier, origin\n\ndest,")).toEqual(["carrier", "origin", "dest"]);
    expect(list().parse(["a, b", "c"])).toEqual(["a, b", "c"]);
  });

  it("leaves commas to whoever reads the lines", () => {
    expect(lines().parse("f1{a=x,b=y} >= 0.5\n  auc >= 0.6  \n")).toEqual([
      "f1{a=x,b=y} >= 0.5",
      "auc >= 0.6",
    ]);
  });

  it("names what is there twice", () => {
    expect(refusalOf(list(), "a, b, a")).toContain('"a" is there twice');
  });
});

describe("words", () => {
  it("reads booleans as YAML 1.2 writes them, and nothing else", () => {
    expect(["true", "True", "FALSE", true].map((value) => bool().parse(value))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    for (const value of ["yes", "1", "on", "tRue", 1, "true "])
      expect(refusalOf(bool(), value)).toBeDefined();
  });

  it("suggests the word that was meant", () => {
    expect(refusalOf(choice(["estimate", "refute", "prove"]), "refutes")).toContain("did you mean `refute`?");
    expect(refusalOf(choice(["estimate", "refute"]), "__proto__")).toBe(
      'expected one of `estimate`, `refute`, got "__proto__"',
    );
  });

  it("takes YAML's numbers and booleans for text", () => {
    expect([20131231, true, "x"].map((value) => text().parse(value))).toEqual(["20131231", "true", "x"]);
    expect(refusalOf(text(), { a: 1 })).toBe('expected text, got {"a":1}');
  });
});

describe("a parser as a field", () => {
  class Refused extends Error {
    remedy = "Write it properly.";
  }

  it("turns an error with a remedy into a problem of the input", () => {
    const field = text().transform(
      orProblem(() => {
        throw new Refused("no gate");
      }),
    );
    expect(refusalOf(field, "x")).toBe("no gate\nWrite it properly.");
  });

  it("lets a bug of the parser stay a bug", () => {
    const field = text().transform(
      orProblem(() => {
        throw new TypeError("undefined is no function");
      }),
    );
    expect(() => field.safeParse("x")).toThrow(TypeError);
  });
});

describe("filePath", () => {
  let folder: string;
  let outside: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "fields-"));
    outside = mkdtempSync(join(tmpdir(), "fields-outside-"));
    writeFileSync(join(folder, "model.onnx"), "x");
    writeFileSync(join(outside, "secret"), "x");
    mkdirSync(join(folder, "directory"));
    symlinkSync(join(outside, "secret"), join(folder, "link"));
    process.env.GITHUB_WORKSPACE = folder;
  });
  afterAll(() => {
    delete process.env.GITHUB_WORKSPACE;
    for (const path of [folder, outside]) rmSync(path, { recursive: true });
  });

  it("gives the absolute path", () => {
    const path = join(folder, "model.onnx");
    expect(filePath({ inside: "workspace" }).parse(relative(process.cwd(), path))).toBe(path);
  });

  it("says what is wrong with a path", () => {
    expect(refusalOf(filePath(), join(folder, "none"))).toMatch(/none": there is no such file$/);
    expect(refusalOf(filePath(), "none")).toMatch(/there is no such file \(looked at "\/.*none"\)/);
    const image = `ghcr.io/org/flights@sha256:${"a".repeat(64)}`;
    expect(refusalOf(filePath(), image)).toBe(`"${image}": is an image; this input takes a file`);
    expect(refusalOf(filePath(), join(folder, "directory"))).toContain("is a directory");
    expect(refusalOf(filePath({ kind: "directory" }), join(folder, "model.onnx"))).toContain("is a file");
    expect(refusalOf(filePath(), "/dev/null")).toContain("not a regular file");
    expect(refusalOf(filePath(), "a\0b")).toContain("cannot be read");
    expect(refusalOf(filePath(), "x".repeat(10_000))).toContain("cannot be read");
    expect(refusalOf(filePath(), 5)).toContain("expected a path");
  });

  it("does not leave the workspace, neither by dots nor by a link", () => {
    for (const path of [
      join(outside, "secret"),
      join(folder, "..", "x"),
      join(folder, "link"),
      "/etc/passwd",
    ]) {
      expect(filePath({ inside: "workspace" }).safeParse(path).success).toBe(false);
    }
    expect(filePath().safeParse(join(folder, "link")).success).toBe(true);
  });
});

describe("any field, given anything", () => {
  const fields = {
    text: text(),
    number: number({ min: 0, max: 1 }),
    integer: integer(),
    bool: bool(),
    choice: choice(["a", "b"]),
    duration: duration(),
    percentList: percentList(),
    list: list(),
    lines: lines(),
    filePath: filePath({ inside: "workspace" }),
  };
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true }),
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[0-9.,eE+\-% msdh\n]{0,30}$/),
  );

  it.each(Object.entries(fields))("%s accepts or says what it expected, and never throws", (_name, field) => {
    fc.assert(
      fc.property(anything, (value) => {
        const message = refusalOf(field, value);
        expect(message === undefined || /expected|: /.test(message)).toBe(true);
        expect((message ?? "").length).toBeLessThan(1000);
      }),
      { numRuns: 300, seed: 20131231 },
    );
  });

  it("a duration that is accepted is a count of milliseconds that a timer can wait", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9.]{1,6}(d|h|m|s|ms)( ?[0-9]{1,4}(m|s|ms))?$/), (written) => {
        const result = duration().safeParse(written);
        if (!result.success) return;
        expect(Number.isInteger(result.data)).toBe(true);
        expect(result.data).toBeGreaterThanOrEqual(0);
        expect(result.data).toBeLessThan(2 ** 31);
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});
