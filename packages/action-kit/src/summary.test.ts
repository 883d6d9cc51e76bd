import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitSummary, LARGEST_SUMMARY_BYTES } from "./summary.ts";

describe("a summary", () => {
  it("that fits is left as it is", () => {
    expect(fitSummary("# Fine\n", LARGEST_SUMMARY_BYTES)).toBe("# Fine\n");
  });

  it("that does not fit ends with whole table rows and says how much is missing", () => {
    const row = "| UA | 0.5123 |\n";
    const cut = fitSummary(`| a | b |\n|---|---|\n${row.repeat(1000)}\nthe end`, 8192);
    const [table, ...rest] = cut.split("\n\n");
    expect(table?.split("\n").every((line) => /^\|.*\|$/.test(line))).toBe(true);
    expect(rest.join("\n")).toMatch(/_Cut here: 1[0-9] KiB more/);
  });

  it("closes the folds and code blocks that the cut leaves open, so that the notice is seen", () => {
    const cut = fitSummary(
      `<details>\n<details>\n\n\`\`\`json\n${"{}\n".repeat(5000)}\`\`\`\n</details></details>`,
      8192,
    );
    expect(cut).toMatch(/\n```\n<\/details><\/details>\n\n?_Cut here/);
  });

  it("never exceeds its room, whatever the text", () => {
    const words = fc.array(fc.constantFrom("\n\n", "|\n", "é", "𝛼", "<details>", "```\n", "text "), {
      minLength: 0,
      maxLength: 4000,
    });
    fc.assert(
      fc.property(words, fc.nat(12_000), (parts, room) => {
        expect(Buffer.byteLength(fitSummary(parts.join(""), room))).toBeLessThanOrEqual(room);
      }),
      { numRuns: 200, seed: 5 },
    );
  });
});
