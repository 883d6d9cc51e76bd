/** What a model, a file or a column may be called by someone who wants to break a report. */
export const hostileNames: readonly string[] = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  "</style></title></svg></script><h1>x",
  "a | b || c",
  "`code` ``` **bold** _it_ ~~no~~",
  "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
  "@octocat and @github/team, #1, GH-1, :tada:",
  "https://evil.example/ www.evil.example",
  "line\n\n# heading\n\n- list\r\n::error::x\n::set-output name=x::y",
  "</details></summary><!-- ",
  "\u202e\u0000\u001b[31m\ud800\ufffe]]>",
  "\\| \\` \\\\ &amp; &#124; &lt;",
  '```mermaid\ngraph LR\nclick A "javascript:alert(1)"\n```',
  '"]:::x\n  click s0 href "javascript:alert(1)"\n  s0["',
  "$\\href{javascript:alert(1)}{x}$",
  "\u2066\u200fpsi <= 0.2\u2069 | `x` \u200b\ufeff\u00ad",
  "col\n| a | b |\n| :-- | --: |\n| 1 | 2 |",
  "e\u0301\u0489\u0489\u0489\u0489 مرحبا שלום 👩‍👩‍👧‍👦",
  "%0A::set-output name=verdict::pass%0D",
  "{feature=*} >= baseline - 0.02 [prove]",
  "__proto__",
  "../../etc/passwd",
  "",
  "x".repeat(5000),
];

const ours = new Set([
  "pass",
  "fail",
  "inconclusive",
  "estimate",
  "refute",
  "prove",
  "binary",
  "multiclass",
  "regression",
]);
for (const word of ["promoted", "restored", "held", "failed", "not-begun", "mirror", "replay", "outage"])
  ours.add(word);
for (const word of ["numeric", "categorical", "chi-square", "permutation", "ranking"]) ours.add(word);

/** The same data with every string from outside replaced; words of our own types stay. */
export function withHostileStrings<Value>(value: Value, name: string): Value {
  const replaced = (part: unknown): unknown => {
    if (typeof part === "string") return ours.has(part) ? part : name;
    if (Array.isArray(part)) return part.map(replaced);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, replaced(inner)]));
  };
  return replaced(value) as Value;
}
