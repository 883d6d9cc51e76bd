import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Contract } from "./contract.ts";
import { ServingError } from "./errors.ts";
import { type Instance, instanceSchema, parseInstances } from "./instances.ts";
import { testContract } from "./testing/models.ts";

let contract: Contract;
let good: Instance;
beforeAll(async () => {
  contract = await testContract("mixed");
  good = contract.probe;
});

const parse = (body: unknown, maximum = 10_000) =>
  parseInstances(body, { contract, schema: instanceSchema(contract), maximum });

function problems(body: unknown, maximum?: number): string[] {
  try {
    parse(body, maximum);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ServingError);
    expect((error as ServingError).code).toBe("instances");
    return (error as ServingError).problems;
  }
}

const withOne = (change: Record<string, unknown>) => problems({ instances: [good, { ...good, ...change }] });

describe("instances", () => {
  it("are taken as the contract describes them", () => {
    expect(parse({ instances: [good, good] })).toHaveLength(2);
  });

  it("may leave out or null what is optional, and nothing else", () => {
    const { carrier: _, ...rest } = good;
    expect(problems({ instances: [rest, { ...good, temperature: null }] })).toEqual([]);
    expect(withOne({ distance: null })).toEqual([
      "instances[1].distance: is null, but the feature is not optional",
    ]);
    expect(withOne({ distance: undefined })).toEqual(["instances[1].distance: is missing"]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      "an unknown feature",
      { carier: "UA" },
      'instances[1]: unknown feature "carier"; did you mean "carrier"?',
    ],
    [
      "a string for a number",
      { distance: "700" },
      'instances[1].distance: must be a number, got "700" (a string)',
    ],
    ["a number below the minimum", { distance: -1 }, "instances[1].distance: -1 is below the minimum 0"],
    ["a fraction for an integer", { seat: 1.5 }, "instances[1].seat: must be an integer, got 1.5"],
    ["a truth for a string", { carrier: true }, "instances[1].carrier: must be a string, got true"],
    [
      "a number for a boolean",
      { international: 1 },
      "instances[1].international: must be true or false, got 1",
    ],
    ["an object for a number", { distance: {} }, "instances[1].distance: must be a number, got an object"],
    [
      "beyond float32",
      { wind: 1e39 },
      "instances[1].wind: 1e+39 is above the maximum 3.4028234663852886e+38",
    ],
    [
      "a number too large",
      { distance: Infinity },
      "instances[1].distance: is a number too large for a double",
    ],
    [
      "a carrier with a tail",
      { carrier: "UA\0x" },
      'instances[1].carrier: "UA\\u0000x" is not an allowed value',
    ],
    ["a long integer as a double", { flight: 2 ** 53 }, "instances[1].flight: "],
    ["an integer beyond int64", { flight: 2n ** 63n }, "instances[1].flight: "],
  ])("are refused with %s", (_name, change, message) => {
    expect(withOne(change)).toHaveLength(1);
    expect(withOne(change)[0]).toContain(message);
  });

  it("may hold integers beyond 2^53 where the graph takes int64", () => {
    expect(withOne({ flight: 9007199254740993n })).toEqual([]);
    expect(withOne({ flight: -(2n ** 63n) })).toEqual([]);
  });

  it("name __proto__ and constructor as the unknown features they are", () => {
    const hostile = JSON.parse(`{"instances": [{"__proto__": {"polluted": 1}, "constructor": 1}]}`);
    expect(problems(hostile)).toContain('instances[0]: unknown feature "__proto__"');
    expect(problems(hostile)).toContain('instances[0]: unknown feature "constructor"');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("list the first ten problems and say that there are more", () => {
    const found = problems({ instances: Array.from({ length: 10_000 }, () => ({ ...good, seat: -1 })) });
    expect(found).toHaveLength(11);
    expect(found[9]).toBe("instances[9].seat: -1 is below the minimum 0");
    expect(found[10]).toContain("more");
  });

  it("with a hundred thousand unknown features are refused quickly", () => {
    const hostile = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`distance${index}`, 1]),
    );
    const began = performance.now();
    expect(problems({ instances: [hostile] })).toHaveLength(11);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it.each<[string, unknown, string]>([
    ["no object", [good], "the body must be an object"],
    ["null", null, "got null"],
    ["nothing", {}, "instances: is missing"],
    ["a misspelt name", { instance: [good] }, 'did you mean "instances"?'],
    ["an object", { instances: {} }, "instances: must be a list"],
    ["none", { instances: [] }, "instances: is empty"],
    ["one too many", { instances: [1, 2, 3] }, "instances: holds 3 of them; at most 2"],
  ])("are refused when the body is %s", (_name, body, message) => {
    expect(problems(body, 2)).toEqual([expect.stringContaining(message)]);
  });

  it("end in a list or a ServingError, whatever a stranger sends", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (body, value) => {
        problems(body);
        problems({ instances: value });
        problems({ instances: [value, { ...good, carrier: value }] });
      }),
      { numRuns: 500 },
    );
  });
});
