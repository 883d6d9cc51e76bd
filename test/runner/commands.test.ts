import { describe, expect, it } from "vitest";
import { emptyOutput, outputReader, parseCommand } from "./commands.ts";

function runnerReads(...lines: string[]) {
  const output = emptyOutput();
  const read = outputReader(output);
  for (const line of lines) read(line);
  return output;
}

describe("workflow commands", () => {
  it("are read with their properties, unescaped", () => {
    expect(parseCommand("::error file=a%2Cb,line=1,title=x%3A%25::m%0An")).toEqual({
      name: "error",
      properties: { file: "a,b", line: "1", title: "x:%" },
      data: "m\nn",
    });
    expect(parseCommand("  ::DEBUG::x")?.name).toBe("debug");
    expect(parseCommand("text ##[warning]x")).toMatchObject({ name: "warning", data: "x" });
  });

  it("are text when they are none", () => {
    for (const line of ["std::vector::x", "::made-up::x", ": :error::x", "::error", "##[made-up]x", ""]) {
      expect(parseCommand(line), line).toBeUndefined();
    }
  });

  it("are refused where GitHub has disabled or deprecated them", () => {
    const { refused, log } = runnerReads(
      "::set-env name=PATH::/tmp",
      "::set-output name=a::b",
      "::save-state name=a::b",
      "::add-path::x",
    );
    expect(refused).toHaveLength(4);
    expect(log).toEqual([]);
  });

  it("are text while they are stopped", () => {
    const { annotations, log } = runnerReads(
      "::stop-commands::tok3n",
      "::error::data",
      "::tok3n::",
      "::error::real",
    );
    expect(annotations.map(({ message }) => message)).toEqual(["real"]);
    expect(log).toEqual(["::error::data", "Error: real"]);
  });

  it("mask what is added, whole and by line, from then on", () => {
    const { log } = runnerReads(
      "early pass%word",
      "::add-mask::line1%0Aline2 %25",
      "has line1 and line2 %",
      "::error::line1",
    );
    expect(log).toEqual(["early pass%word", "has *** and ***", "Error: ***"]);
  });

  it("annotate ten times a type and drop the rest", () => {
    const { annotations, dropped } = runnerReads(...Array<string>(12).fill("::error::x"), "::warning::y");
    expect([annotations.length, dropped]).toEqual([11, 2]);
  });
});
