import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ScanError } from "./errors.ts";
import { readIgnoreFile } from "./ignore-file.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const read = (text: string) => readIgnoreFile(text, "risks.yaml", now);
const entry = "- id: CVE-1\n  reason: because\n  expires: 2026-11-22\n";

describe("a file of accepted risks", () => {
  it("is YAML or JSON", async () => {
    const risk = { id: "CVE-1", package: null, reason: "because", expires: "2026-11-22" };
    expect(await read(entry)).toEqual([risk]);
    expect(await read(JSON.stringify([{ ...risk, package: "left-pad" }]))).toEqual([
      { ...risk, package: "left-pad" },
    ]);
    expect(await read("# nothing is accepted\n")).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ["without a reason", "- id: CVE-1\n  expires: 2027-01-01\n", /entry 1, reason: .*it is missing/],
    ["with an empty reason", entry.replace("because", '"  "'), /entry 1, reason: expected why/],
    ["without a day", "- id: CVE-1\n  reason: x\n", /entry 1, expires: .*it is missing/],
    ["with a day that is none", entry.replace("2026-11-22", "2026-02-30"), /expected a day .*"2026-02-30"/],
    ["with a day of another form", entry.replace("2026-11-22", "31.01.2027"), /expected a day such as/],
    ["with a field nobody knows", `${entry}  untli: 2027-01-01\n`, /untli/],
    ["with an entry twice", entry + entry, /CVE-1 is there twice/],
    ["that is a map", "CVE-1: because\n", /expected a list/],
    ["that is no YAML", "- id: [\n", /no YAML or JSON/],
    [
      "that is a bomb",
      `a: &a [x,x]\nb: &b [*a,*a]\nc: ${"[".repeat(1)}${"*b,".repeat(200)}*b]`,
      /risks\.yaml/,
    ],
    ["nested too deep", "[".repeat(100_000), /risks\.yaml/],
    ["that is huge", `# ${"x".repeat(1024 * 1024)}`, /larger than 1 MiB/],
  ])("%s is refused", async (_name, text, message) => {
    const error = await read(text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ScanError);
    expect(error).toMatchObject({ code: "ignore-file" });
    expect((error as Error).message).toMatch(message);
  });

  it("says everything that is wrong at once", async () => {
    const text = "- id: CVE-1\n- reason: x\n  expires: soon\n";
    await expect(read(text)).rejects.toThrow(
      /entry 1, reason[\s\S]*entry 1, expires[\s\S]*entry 2, id[\s\S]*entry 2, expires/,
    );
  });

  it("fails once an entry's day has passed, naming each", async () => {
    const text =
      "- id: CVE-1\n  reason: for the fair\n  expires: 2026-11-21\n- id: CVE-2\n  reason: x\n  expires: 2025-01-01\n";
    await expect(read(text)).rejects.toMatchObject({ code: "expired" });
    await expect(read(text)).rejects.toThrow(/CVE-1 \(until 2026-11-21: for the fair\); CVE-2/);
  });

  it("is read or refused, whatever it holds", async () => {
    const line = fc.constantFrom(
      "- id: ",
      "  reason: ",
      "  expires: ",
      "&a ",
      "*a ",
      "? ",
      "__proto__: ",
      "!!binary ",
    );
    const text = fc
      .array(fc.tuple(line, fc.string({ unit: "binary", maxLength: 12 })))
      .map((parts) => parts.map((part) => part.join("")).join("\n"));
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, fc.string({ unit: "binary" })), async (content) => {
        const outcome = await read(content).catch((thrown: unknown) => thrown);
        if (!Array.isArray(outcome)) expect(outcome).toBeInstanceOf(ScanError);
      }),
    );
  });
});
