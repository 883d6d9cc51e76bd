import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityMatches } from "./identity.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";

describe("an identity is the one that is trusted", () => {
  it.each([
    [workflow, true],
    ["https://github.com/org/flights/.github/workflows/deliver.yml@*", true],
    ["https://github.com/org/*@refs/heads/main", true],
    ["*/deliver.yml@refs/*/main", true],
    ["*", true],
    ["**", true],
    [`${workflow}*`, true],
    [`*${workflow}`, true],
    [workflow.slice(0, -1), false],
    [`${workflow}.evil`, false],
    [workflow.slice(1), false],
    [workflow.replaceAll(".", "x"), false],
    ["https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/*/main", false],
    ["https://github.com/(org|evil)/.*", false],
    ["", false],
  ])("%s: %s", (pattern, matches) => {
    expect(identityMatches(pattern, workflow)).toBe(matches);
  });

  it("is not one that only begins with it, or holds it", () => {
    for (const evil of [
      `${workflow}.evil@refs/heads/main`,
      `https://evil.example/?${workflow}`,
      `${workflow}\n`,
    ]) {
      expect(identityMatches(workflow, evil)).toBe(false);
      expect(identityMatches("https://github.com/org/flights/*.yml@refs/heads/main", evil)).toBe(false);
    }
  });

  it("is not let in twice by the same letters", () => {
    expect(identityMatches("ab*ba", "aba")).toBe(false);
    expect(identityMatches("a*b*b", "ab")).toBe(false);
  });

  it("means what an anchored regular expression means, for any text", () => {
    const short = fc.string({ unit: fc.constantFrom("a", "b", "*", ".", "\n"), maxLength: 8 });
    fc.assert(
      fc.property(short, short, (pattern, identity) => {
        const parts = pattern.split("*").map((part) => part.replace(/[.*]/g, "\\$&"));
        const expected = new RegExp(`^${parts.join("[^]*")}$`).test(identity);
        expect(identityMatches(pattern, identity)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
