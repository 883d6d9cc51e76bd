import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { emptyOutput, outputReader, parseCommand } from "../../../test/runner/commands.ts";
import { disarm, openLog } from "./log.ts";

let written: string;
beforeEach(() => {
  written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    written += String(chunk);
    return true;
  });
});
afterEach(() => void vi.restoreAllMocks());

/** What the runner makes of it all. */
function asTheRunnerReads() {
  const output = emptyOutput();
  const read = outputReader(output, { debug: true });
  for (const line of written.split(/\r\n|\n|\r/)) read(line);
  return output;
}

describe("the log", () => {
  it("lets no data pass for a command of the runner", () => {
    for (const data of [
      "::error::made up",
      "  ::set-output name=passed::true",
      "fine\n::add-mask::e",
      "fine\r::stop-commands::x",
      "\u0085::error::x",
      "see ##[error]x",
      "##[add-mask]e",
      ":::error::x",
    ]) {
      for (const line of disarm(data).split(/[\r\n]/)) expect(parseCommand(line), line).toBeUndefined();
      expect(disarm(data).replaceAll("\u200b", "")).toBe(data);
    }
  });

  it("does so for any text", () => {
    const part = fc.constantFrom(
      "::",
      ":",
      " ",
      "\t",
      "\u0085",
      "\u00a0",
      "\u2028",
      "\n",
      "\r",
      "##[",
      "#",
      "[",
      "]",
      "error",
      "add-mask",
      "x",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        for (const line of disarm(parts.join("")).split(/\r\n|\n|\r/))
          expect(parseCommand(line)).toBeUndefined();
      }),
      { numRuns: 3000, seed: 1 },
    );
  });

  it("keeps what is annotated in one command, line breaks and all", () => {
    const nasty = "100%0A\n::error::x\r\n,:%";
    openLog().error(nasty, { title: nasty, file: nasty, line: 3, column: 4 });
    expect(asTheRunnerReads().annotations).toEqual([
      { level: "error", message: nasty, properties: { title: nasty, file: nasty, line: "3", col: "4" } },
    ]);
  });

  it("writes ten annotations of a type when there are ten", () => {
    const log = openLog();
    for (let i = 1; i <= 10; i++) log.error(`slice ${i}`);
    log.close();
    const { annotations, dropped } = asTheRunnerReads();
    expect(annotations.map(({ message }) => message)).toEqual(
      Array.from({ length: 10 }, (_, i) => `slice ${i + 1}`),
    );
    expect(dropped).toBe(0);
  });

  it("writes nine and the count of the others when there are more, and all of them to the log", () => {
    const log = openLog();
    for (let i = 1; i <= 25; i++) log.error(`slice ${i}`);
    log.warning("of another type");
    log.close();
    const { annotations, dropped, log: lines } = asTheRunnerReads();
    expect(annotations.filter(({ level }) => level === "error").at(-1)?.message).toMatch(/^and 16 more/);
    expect(annotations).toHaveLength(11);
    expect(dropped).toBe(0);
    expect(lines.filter((line) => line.includes("slice 25"))).toHaveLength(1);
  });

  it("gives paths relative to the repository", () => {
    vi.stubEnv("GITHUB_WORKSPACE", "/home/runner/work/flights");
    openLog().warning("x", { file: "/home/runner/work/flights/models/a.onnx" });
    expect(asTheRunnerReads().annotations[0]?.properties.file).toBe("models/a.onnx");
    vi.unstubAllEnvs();
  });
});
