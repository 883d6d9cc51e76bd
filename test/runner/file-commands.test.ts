import { describe, expect, it } from "vitest";
import { parseFileCommand } from "./file-commands.ts";

describe("a file of values", () => {
  it("has lines and blocks", () => {
    expect(parseFileCommand("a=1\nb<<EOF\nx=y\n\n<<z\nEOF\n\nc=\na=2\n")).toEqual({
      a: "2",
      b: "x=y\n\n<<z",
      c: "",
    });
    expect(parseFileCommand("a=1<<2\r\n")).toEqual({ a: "1<<2" });
  });

  it.each([
    ["=x", "Name must not be empty"],
    ["a<<EOF\nx", "Matching delimiter not found"],
    ["<<EOF\nEOF", "Name must not be empty"],
    ["just text", "Invalid format"],
  ])("is refused as the runner refuses %j", (text, message) => {
    expect(() => parseFileCommand(text)).toThrow(message);
  });
});
