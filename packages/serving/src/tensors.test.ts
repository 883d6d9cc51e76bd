import { beforeAll, describe, expect, it } from "vitest";
import { type CodedTexts, decodeTexts } from "./coded-texts.ts";
import type { Contract } from "./contract.ts";
import { type FeatureBatch, featureBatchFromInstances, sliceBatch } from "./feature-batch.ts";
import { mergeTensors, tensorsOf } from "./tensors.ts";
import { testContract } from "./testing/models.ts";

let contract: Contract;
beforeAll(async () => {
  contract = await testContract("mixed");
});

const instance = (change = {}) => ({ ...contract.probe, ...change });
const batchOf = (...changes: object[]) => featureBatchFromInstances(contract, changes.map(instance));

describe("tensors", () => {
  it("are row-major, in the order of the contract's inputs", () => {
    const [flight, seat, international, carrier, weather, distance] = tensorsOf(
      contract,
      batchOf(
        { flight: 9007199254740993n, temperature: 1, wind: 2 },
        { international: true, temperature: 3, wind: 4 },
      ),
    );
    expect(flight).toEqual(BigInt64Array.of(9007199254740993n, 1n));
    expect(seat).toEqual(Int32Array.of(12, 12));
    expect(international).toEqual(Uint8Array.of(0, 1));
    expect(carrier).toEqual(["UA", "UA"]);
    expect(weather).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(distance).toEqual(Float64Array.of(700, 700));
  });

  it("carry what is missing as NaN and the empty string", () => {
    const [, , , carrier, weather] = tensorsOf(contract, batchOf({ carrier: null, temperature: null }));
    expect(carrier).toEqual([""]);
    expect(weather).toEqual(Float32Array.of(Number.NaN, Number.NaN));
  });

  it("take a dataset's doubles for integers, and only whole ones", () => {
    const batch = batchOf({}, {});
    batch.columns.set("flight", Float64Array.of(7, 8));
    expect(tensorsOf(contract, batch)[0]).toEqual(BigInt64Array.of(7n, 8n));
    batch.columns.set("flight", Float64Array.of(7, 2 ** 53));
    expect(() => tensorsOf(contract, batch)).toThrow(/row 2, feature "flight"/);
    batch.columns.set("flight", Float64Array.of(7, Number.NaN));
    expect(() => tensorsOf(contract, batch)).toThrow(/row 2, feature "flight": a missing value/);
    batch.columns.set("flight", Float64Array.of(7, 1));
    batch.columns.set("international", Float64Array.of(0, 2));
    expect(() => tensorsOf(contract, batch)).toThrow(
      /row 2, feature "international": 2 is not an integer from 0 to 1/,
    );
  });

  it("refuse a NUL, which onnxruntime would cut the string at", () => {
    const batch = batchOf({});
    batch.columns.set("carrier", ["UA\0evil"]);
    expect(() => tensorsOf(contract, batch)).toThrow(/NUL/);
  });

  it("take texts as codes, and send each text that occurs once", () => {
    const batch = batchOf({}, {}, {});
    const dictionary = ["UA", "AA", "never"];
    batch.columns.set("carrier", { codes: Int32Array.of(1, -1, 1), dictionary });
    const carrier = tensorsOf(contract, batch)[3];
    expect(carrier).toEqual({ codes: Int32Array.of(1, 0, 1), dictionary: ["", "AA"] });
    expect(decodeTexts(carrier as CodedTexts)).toEqual(["AA", "", "AA"]);
    const parts = [sliceBatch(batch, 0, 1), sliceBatch(batch, 1, 3)].map((part) => tensorsOf(contract, part));
    expect(mergeTensors([...parts, tensorsOf(contract, batchOf({}))])[3]).toEqual(["AA", "", "AA", "UA"]);
  });

  it("count the rows of a message from the start of the dataset", () => {
    const batch = { ...batchOf({}, {}, {}), rowsBefore: 70_000 };
    batch.columns.set("seat", Float64Array.of(1, 2, 2.5));
    expect(() => tensorsOf(contract, sliceBatch(batch, 1, 3))).toThrow(/row 70003, feature "seat"/);
    batch.columns.set("seat", Float64Array.of(1, 2, 3));
    batch.columns.set("carrier", { codes: Int32Array.of(0, 0, 1), dictionary: ["UA", "A\0"] });
    expect(() => tensorsOf(contract, sliceBatch(batch, 1, 3))).toThrow(/row 70003, feature "carrier".*NUL/);
  });

  it.each<[string, (batch: FeatureBatch) => void, RegExp]>([
    ["no column", (batch) => batch.columns.delete("distance"), /no column "distance"/],
    [
      "a short column",
      (batch) => batch.columns.set("distance", Float64Array.of(1)),
      /holds 2 rows, but its column/,
    ],
    [
      "strings for numbers",
      (batch) => batch.columns.set("distance", ["1", "2"]),
      /holds strings in "distance"/,
    ],
    [
      "coded strings for numbers",
      (batch) => batch.columns.set("distance", { codes: Int32Array.of(0, 0), dictionary: ["1"] }),
      /holds strings in "distance"/,
    ],
    [
      "too few codes",
      (batch) => batch.columns.set("carrier", { codes: Int32Array.of(0), dictionary: ["UA"] }),
      /holds 2 rows, but its column "carrier" holds 1/,
    ],
    [
      "numbers for strings",
      (batch) => batch.columns.set("carrier", Float64Array.of(1, 2)),
      /holds numbers in "carr/,
    ],
  ])("refuse a batch with %s", (_name, change, message) => {
    const batch = batchOf({}, {});
    change(batch);
    expect(() => tensorsOf(contract, batch)).toThrow(message);
  });

  it("of several requests follow each other", () => {
    const all = batchOf({ seat: 1 }, { seat: 2, carrier: null }, { seat: 3 });
    const parts = [sliceBatch(all, 0, 1), sliceBatch(all, 1, 3)].map((part) => tensorsOf(contract, part));
    expect(mergeTensors(parts)).toEqual(tensorsOf(contract, all));
  });
});
