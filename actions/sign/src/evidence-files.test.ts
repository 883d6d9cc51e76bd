import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEvidence } from "./evidence-files.ts";

const statement = JSON.stringify({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ digest: { sha256: "a".repeat(64) } }],
  predicateType: "https://example.com/x",
  predicate: {},
});
let directory: string;
const write = (name: string, content = statement) => {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), content);
};
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "ml-actions-test-"));
  for (const name of ["a/eval.json", "a/b/c/scan.json", "a/[odd] {x}.json", "a/note.txt"]) write(name);
  symlinkSync(join(directory, "a/eval.json"), join(directory, "a/same.json"));
});
afterAll(() => rmSync(directory, { recursive: true }));
const named = async (...lines: string[]) => (await readEvidence(lines, directory)).map(({ file }) => file);

describe("a line of `evidence` names files", () => {
  it.each([
    [["a/eval.json"], ["a/eval.json"]],
    [["./a/../a/eval.json"], ["a/eval.json"]],
    [["a/*.json"], ["a/[odd] {x}.json", "a/eval.json"]],
    [["**/*.json"], ["a/[odd] {x}.json", "a/b/c/scan.json", "a/eval.json"]],
    [["a/{eval,none}.json"], ["a/eval.json"]],
    [["a/[odd] {x}.json"], ["a/[odd] {x}.json"]],
    [
      ["a/b/c/scan.json", "a/eval.json", "a/same.json", "**/eval.json"],
      ["a/b/c/scan.json", "a/eval.json"],
    ],
    [[], []],
  ])("%j", async (lines, files) => {
    expect(await named(...lines)).toEqual(files);
  });

  it("by absolute path or glob, as outputs have it", async () => {
    expect(await named(join(directory, "a/eval.json"))).toEqual(["a/eval.json"]);
    expect(await named(join(directory, "a/b/**/*.json"))).toEqual(["a/b/c/scan.json"]);
  });

  it.each([
    ["none.json", '"none.json" matches no file'],
    ["none/**/*.json", '"none/**/*.json" matches no file'],
    ["a", '"a" matches no file'],
    ["a/::set-output name=x::\u0007", "matches no file"],
    ["a/note.txt\u0000", "matches no file"],
  ])("and it is an error when there is none: %j", async (line, why) => {
    await expect(readEvidence([line], directory)).rejects.toThrow(why);
  });

  it("and all that is wrong is said at once", async () => {
    write("bad/empty.json", "");
    write("bad/list.json", "[1]");
    write("bad/big.json");
    truncateSync(join(directory, "bad/big.json"), 17 * 1024 * 1024);
    const error = await readEvidence(["bad/*.json", "nothing.json"], directory).catch((thrown) => thrown);
    rmSync(join(directory, "bad"), { recursive: true });
    expect(error).toBeInstanceOf(AggregateError);
    const messages = error.errors.map(({ message }: Error) => message).join("\n");
    for (const name of [
      '"nothing.json" matches',
      "bad/empty.json is empty",
      "bad/list.json is not",
      '"bad/big.json" has',
    ])
      expect(messages).toContain(name);
    for (const each of error.errors) expect(each.remedy).not.toBe("");
  });
});
