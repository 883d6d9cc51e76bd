import fc from "fast-check";
import { lexer, type Token, walkTokens } from "marked";
import { describe, expect, test } from "vitest";
import { hostileNames } from "../examples/hostile.ts";
import { cappedSections, code, details, link, prose, table, text } from "./markdown.ts";

function tokens(markdown: string): Token[] {
  const found: Token[] = [];
  walkTokens(lexer(markdown), (token) => {
    found.push(token);
  });
  return found;
}

const anyText = fc.oneof(
  fc.constantFrom(...hostileNames),
  fc.string({ unit: fc.constantFrom(..."<>&|`*_[]()#@:!~\\$\"' \n\thtpw./a1-") }),
  fc.string({ unit: "binary" }),
);

describe("hostile text", () => {
  test("in a table neither adds cells nor starts any structure", () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        const columns = [
          { title: "a", align: "left" },
          { title: text(one), align: "right" },
        ] as const;
        const [found, ...more] = lexer(
          table(columns, [
            [text(one), code(other)],
            [code(one), text(other)],
          ]),
        );
        expect(more).toEqual([]);
        expect(found).toMatchObject({ type: "table" });
        const rows = (found as { rows: unknown[][] }).rows;
        expect(rows.map((row) => row.length)).toEqual([2, 2]);
        const structures = tokens(table(columns, [[text(one), text(other)]])).map(({ type }) => type);
        expect(structures.filter((type) => !["table", "text", "escape"].includes(type))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("behind our own words is nothing but text", () => {
    fc.assert(
      fc.property(anyText, (any) => {
        const types = tokens(`Judged ${text(any)} here.`).map(({ type }) => type);
        expect(types.filter((type) => !["paragraph", "text", "escape"].includes(type))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("is boxed where our words quote it in backticks, and nothing else", () => {
    expect(prose("Run `sign`, @octocat, *now* `a|b`.")).toBe(
      "Run `sign`, &#64;&#8288;octocat, &#42;now&#42; <code>a&#124;b</code>.",
    );
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        const types = tokens(`Judged ${prose(`${one} \`${other}\``)} here.`).map(({ type }) => type);
        const allowed = ["paragraph", "text", "escape", "codespan", "html"];
        expect(types.filter((type) => !allowed.includes(type))).toEqual([]);
        expect(
          prose(`${one}\`${other}\``)
            .replaceAll(/<\/?code>/g, "")
            .replaceAll(/`[^`]*`/g, ""),
        ).not.toMatch(/[<>]/);
      }),
      { numRuns: 300 },
    );
  });

  test("does not mention, refer or link", () => {
    expect(text("@octocat #12 https://evil.example www.evil.example a@b.example :tada:")).toBe(
      "&#64;&#8288;octocat &#35;&#8288;12 https&#58;//evil.example www.&#8288;evil.example a&#64;&#8288;b.example &#58;tada:",
    );
  });

  test("in a name is shown in a box, also with backticks and pipes", () => {
    expect(code("flights-2")).toBe("`flights-2`");
    expect(code("a`|b")).toBe("<code>a&#96;&#124;b</code>");
    expect(code("\n")).toBe("—");
  });
});

describe("a link", () => {
  test.each([
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://x.example/a)b",
    "https://x.example/ y",
    "//x",
    "",
  ])("to %j is only words", (url) => {
    expect(link("the run", url)).toBe("the run");
  });

  test("to the run works", () => {
    expect(link("the run", "https://github.com/a/b/actions/runs/1")).toBe(
      "[the run](https://github.com/a/b/actions/runs/1)",
    );
  });
});

describe("a summary", () => {
  test("is cut between sections, never within one, and says so", () => {
    const part = details("more", "x".repeat(400));
    const cut = cappedSections(["# head", part, part, part], 1000);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1000);
    expect(cut.match(/<details>/g)).toHaveLength(2);
    expect(cut.match(/<\/details>/g)).toHaveLength(2);
    expect(cut).toMatch(/^# head/);
    expect(cut).toMatch(/The rest does not fit/);
    expect(cappedSections(["a", null, "", "b"])).toBe("a\n\nb\n");
  });
});
