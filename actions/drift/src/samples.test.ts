import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatProfile } from "@ml-actions/gates/drift";
import { describe, expect, it } from "vitest";
import { readPredictions } from "./predictions.ts";
import { readCurrent, readReference } from "./samples.ts";

const folder = () => mkdtempSync(join(tmpdir(), "ml-actions-samples-"));
const fileWith = (name: string, content: string, inside = folder()) => {
  const path = join(inside, name);
  writeFileSync(path, content);
  return path;
};
const all = { schema: undefined, columns: undefined };
const rows = (lines: string[], times = 10) =>
  `${lines[0]}\n${`${lines.slice(1).join("\n")}\n`.repeat(times)}`;
const csv = rows(["temp,month,carrier,at,late", "1.5,1,UA,2024-01-01T00:00:00Z,0", "2.5,2,DL,,1"]);
const schema = (changes: object = {}) =>
  JSON.stringify({
    schema: "ml-actions/dataset-schema/v1",
    version: "20240101",
    rows: 1,
    columns: [
      { name: "temp", type: "integer", minimum: 100 },
      { name: "month", type: "integer", values: [1, 2] },
      { name: "carrier", type: "string", values: ["UA"] },
      { name: "at", type: "timestamp" },
      { name: "late", type: "integer" },
    ],
    label: "late",
    ...changes,
  });
const kinds = ({ profile }: Awaited<ReturnType<typeof readReference>>) =>
  Object.fromEntries([...profile.columns].map(([name, { kind }]) => [name, kind]));

describe("a reference", () => {
  it("without a schema has all columns", async () => {
    const sample = await readReference(fileWith("data.csv", csv), all);
    expect(sample).toMatchObject({ name: "data.csv", digest: expect.stringMatching(/^sha256:/) });
    expect(sample.profile.rows).toBe(20);
    expect(Object.keys(kinds(sample)).sort()).toEqual(["at", "carrier", "late", "month", "temp"]);
  });

  it("takes types from the schema beside it, and no more: what breaks its rules is to be measured", async () => {
    const inside = folder();
    fileWith("data_v20231231.schema.json", schema(), inside);
    const sample = await readReference(fileWith("data_v20231231.csv", csv, inside), all);
    expect(kinds(sample)).toEqual({ temp: "numeric", month: "categorical", carrier: "categorical" });
  });

  it("has its label and times where they are asked for", async () => {
    const given = fileWith("rules.json", schema());
    const sample = await readReference(fileWith("data.csv", csv), { schema: given, columns: ["late", "at"] });
    expect(kinds(sample)).toEqual({ at: "numeric", late: "numeric" });
    await expect(readReference(fileWith("data.csv", csv), { ...all, columns: ["tmep"] })).rejects.toThrow(
      /tmep/,
    );
  });

  it("is a profile by what is in it, whatever its name", async () => {
    const { profile } = await readReference(fileWith("data.csv", csv), all);
    const text = formatProfile(profile);
    for (const name of ["p.profile.json", "profile", "data.jsonl"]) {
      expect((await readReference(fileWith(name, text), all)).profile, name).toEqual(profile);
    }
    const part = await readReference(fileWith("p.json", text), { ...all, columns: ["temp"] });
    expect(kinds(part)).toEqual({ temp: "numeric" });
    await expect(readReference(fileWith("p.json", text), { ...all, columns: ["tmep"] })).rejects.toThrow(
      /The profile p.json has no feature "tmep"/,
    );
  });

  it("of JSON Lines is data", async () => {
    const sample = await readReference(fileWith("d.jsonl", '{"schema": "a", "x": 1}\n'.repeat(3)), all);
    expect(kinds(sample)).toEqual({ schema: "categorical", x: "numeric" });
  });
});

describe("current data", () => {
  it("is read as far as the reference goes, its kinds with it", async () => {
    const given = fileWith("rules.json", schema());
    const reference = await readReference(fileWith("data.csv", csv), {
      schema: given,
      columns: ["month", "temp"],
    });
    const current = await readCurrent(fileWith("now.csv", "month,more\n1,a\n2,b\n"), reference);
    expect(kinds(current)).toEqual({ month: "categorical" });
  });

  it("may lack what the schema has, such as the label, and have what it does not", async () => {
    const given = fileWith("rules.json", schema());
    const reference = await readReference(fileWith("data.csv", csv), { schema: given, columns: undefined });
    for (const [name, text] of [
      ["now.csv", "temp,month,request_id\n1,3,a\n2,,b\n"],
      ["now.jsonl", '{"temp": 1, "month": 3, "request_id": "a"}\n{"temp": 2, "request_id": "b"}\n'],
    ] as const) {
      const current = await readCurrent(fileWith(name, text), reference, given);
      expect(kinds(current), name).toEqual({ month: "categorical", temp: "numeric" });
      expect(current.profile.columns.get("month")?.missing, name).toBe(1);
    }
  });

  it("with nothing of the reference is refused", async () => {
    const reference = await readReference(fileWith("data.csv", csv), all);
    await expect(readCurrent(fileWith("now.csv", "a,b\n1,2\n"), reference)).rejects.toThrow(
      /now.csv has none of the reference's features: it has "a", "b"/,
    );
  });
});

describe("predictions", () => {
  const read = (text: string) => readPredictions(fileWith("p.csv", text), 0.5);

  it("are split by set, rows without a label left out of the reference", async () => {
    const found = await read("label,set,score,more\n1,reference,0.9,x\n,reference,0.8,x\n,current,0.7,x\n");
    expect(found).toEqual({
      scores: Float64Array.of(0.7),
      threshold: 0.5,
      reference: { scores: Float64Array.of(0.9), labels: Float64Array.of(1) },
      notes: ["1 predictions on the reference have no label and were left out"],
    });
  });

  it.each([
    ["score,label\n0.1,1\n", /no column `set`; they have `score`, `label`/],
    ["set,score,label\nreference,0.1,1\ntest,0.1,\n", /row 2: `set` is "test"/],
    ["set,score,label\nreference,0.1,1\ncurrent,1.2,\n", /row 2: the score is 1.2, expected 0 to 1/],
    ["set,score,label\nreference,,1\ncurrent,0.2,\n", /row 1: the score is NaN/],
    ["set,score,label\nreference,high,1\n", /`score` holds strings/],
    ["set,score,label\nreference,0.1,1\n", /no row with the set `current`/],
    ["set,score,label\ncurrent,0.1,1\n", /no row with the set `reference` and a label/],
    ["set,score,label\nreference,0.1,maybe\ncurrent,0.1,\n", /neither `1` nor `true`/],
  ])("are refused: %j", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
