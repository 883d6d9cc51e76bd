import { lexer, type Token, walkTokens } from "marked";
import { describe, expect, test } from "vitest";
import { summaries } from "../examples/all.ts";
import { driftFail, driftNone, driftOfMany } from "../examples/drifts.ts";
import { evaluationFail, evaluationPass, stationGates, verdict } from "../examples/evaluations.ts";
import { hostileNames, withHostileStrings } from "../examples/hostile.ts";
import { rollbackDone, rolloutPromoted, rolloutRestored } from "../examples/rollouts.ts";
import { shadowInconclusive, shadowReplay } from "../examples/shadows.ts";
import { rolloutOnCluster, wavesOf } from "../examples/waves.ts";
import { deploySummary } from "./deploy.ts";
import { driftSummary } from "./drift.ts";
import { evalGateSummary } from "./eval-gate.ts";
import { gitopsBody, gitopsSummary } from "./gitops.ts";
import { summaryCapBytes } from "./markdown.ts";
import { rollbackSummary } from "./rollback.ts";
import { shadowSummary } from "./shadow.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";
import { wavesSummary } from "./waves.ts";

const committed = {
  resources: ["httproute/flights"],
  candidate: rolloutPromoted.candidate,
  tools: "Argo CD",
  branch: "ml-actions/flights-bbbbbbbbbbbb",
  commit: "0123456789abcdef",
  files: ["k8s/flights.yaml"],
  url: "https://github.com/org/flights/compare/x",
  isOpen: true,
};

const many = Array.from({ length: 5000 }, (_, index) =>
  verdict({
    gate: `f1{station=${"x".repeat(60)} ${index}} >= 0.1`,
    verdict: index % 50 === 0 ? "fail" : "pass",
    reason: "r".repeat(300),
    settle: "s".repeat(300),
  }),
);

describe("the job summary", () => {
  test.each(Object.entries(summaries()))("%s reads as it did", async (name, markdown) => {
    await expect(markdown).toMatchFileSnapshot(`../goldens/${name}`);
  });

  test.each([
    ["eval-gate", evalGateSummary({ ...evaluationFail, verdicts: many })],
    ["shadow", shadowSummary({ ...shadowInconclusive, verdicts: many })],
    [
      "deploy",
      deploySummary({
        ...rolloutRestored,
        steps: Array.from({ length: 60 }, () => ({ ...rolloutRestored.steps[0], verdicts: many }) as never),
      }),
    ],
  ])("of %s with 5,000 gates stays under its cap and counts what it leaves out", (_, markdown) => {
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(summaryCapBytes);
    expect(markdown).toMatch(/❌ .* (failed|was taken back)/);
    expect(markdown).toMatch(/And 4,\d{3} more/);
    expect(markdown.match(/<details>/g)?.length).toBe(markdown.match(/<\/details>/g)?.length);
  });

  test.each([...hostileNames.entries()])(
    "of hostile name %i has no structure that is not ours",
    (_, name) => {
      const markdowns = [
        evalGateSummary(withHostileStrings(evaluationFail, name)),
        shadowSummary(withHostileStrings(shadowInconclusive, name)),
        deploySummary(withHostileStrings(rolloutRestored, name)),
        deploySummary(withHostileStrings(rolloutPromoted, name)),
        rollbackSummary(withHostileStrings(rollbackDone, name)),
        deploySummary(withHostileStrings(rolloutOnCluster, name)),
        wavesSummary(withHostileStrings(wavesOf(12, 6), name)),
        gitopsSummary(withHostileStrings(committed, name)),
        gitopsBody(withHostileStrings(committed, name), "https://github.com/org/flights/actions/runs/1"),
        shadowSummary(withHostileStrings(shadowReplay, name)),
        driftSummary(withHostileStrings(driftFail, name)),
        driftSummary({ ...withHostileStrings(driftFail, name), gates: driftFail.gates }),
      ];
      for (const markdown of markdowns) assertOnlyOurs(markdown);
    },
  );
});

/** Headings, links, images, code blocks and HTML: only what the summaries make themselves. */
function assertOnlyOurs(markdown: string): void {
  walkTokens(lexer(markdown), (token: Token) => {
    expect(["image", "blockquote", "hr", "del", "em"]).not.toContain(token.type);
    if (token.type === "heading") expect(token.depth).toBe(2);
    if (token.type === "link") expect(token.href).toMatch(/^https?:\/\/(github\.com|127\.0\.0\.1)/);
    if (token.type === "code") assertHarmlessMermaid(token.lang, token.text);
    if (token.type === "html") {
      expect(token.raw.replace(/<\/?(details|summary|code)>/g, "").replace(/&#?\w+;/g, "")).not.toMatch(
        /<|>/,
      );
    }
  });
  expect(markdown).not.toMatch(/^::/m);
}

function assertHarmlessMermaid(language: string | undefined, source: string): void {
  expect(language).toBe("mermaid");
  const line =
    /^( {2}(s\d+|m\d+|done)\(?\["[^"\n]*"\]\)?:::\w+| {2}\w+ (-->|-\.->|==>)(\|"[^"\n]*"\|)? \w+| {2}classDef .*|flowchart LR)$/;
  for (const text of source.split("\n")) expect(text).toMatch(line);
  expect(source.replace(/<\/?b>|<br>/g, "").replace(/--?>|==>|-\.->/g, "")).not.toMatch(
    /[<>`]|javascript:.*\(/,
  );
}

describe("the table of verdicts", () => {
  test("shows what decided first and folds passed slices away", () => {
    const markdown = verdictTable(evaluationFail.verdicts);
    const [shown, folded] = markdown.split("<details>");
    expect(shown?.match(/❌/g)).toHaveLength(4);
    expect(shown).not.toMatch(/carrier=DL/);
    expect(folded).toMatch(/More gates: ✅ 8 pass/);
  });

  test("shows every gate of a short list, and says when there is none", () => {
    expect(verdictTable(evaluationPass.verdicts).match(/✅/g)).toHaveLength(4);
    expect(verdictTable([])).toBe("*No gate was judged.*");
  });

  test("has no number for what could not be had", () => {
    const none = verdict({
      gate: "auc >= 0.5",
      verdict: "inconclusive",
      observed: null,
      bound: null,
      interval: null,
      n: 0,
    });
    expect(verdictTable([none])).toMatch(
      /\| ⚠️\u00a0\*\*inconclusive\*\* \| `auc >= 0.5` \| — \| — \| — \| 0 \|/,
    );
    const open = verdict({ gate: "auc >= 0.5", interval: [0.1, Number.POSITIVE_INFINITY] });
    expect(verdictTable([open])).toMatch(/0.100\u00a0…\u00a0∞/);
  });

  test("says what would settle the open gates, not the others", () => {
    expect(settleLines(evaluationPass.verdicts)).toBeNull();
    expect(settleLines(shadowInconclusive.verdicts)).toMatch(/need 4,120 labelled rows, have 612/);
  });
});

describe("the summary of drift", () => {
  test("of 5,000 columns stays under its cap and counts what it leaves out", () => {
    const markdown = driftSummary(driftOfMany(5000));
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(summaryCapBytes);
    expect(markdown).toMatch(/More features: \d+ drifted, 4,\d+ not/);
    expect(markdown).toMatch(/And 4,475 more in the HTML report/);
  });

  test("names what drifted, with what was done about it, and why an estimate was refused", () => {
    const markdown = driftSummary(driftFail);
    expect(markdown).toMatch(/^## ❌ 2 of 16 features drifted: temp, carrier\n/);
    expect(markdown).toMatch(/- alert sent to Slack\n/);
    expect(markdown).toMatch(/\| `temp` \| \*\*2\.914\*\* \| &lt;\s0\.0001 \|/);
    expect(markdown).toMatch(/`estimated_auc`: not estimated: the scores are badly calibrated/);
    expect(driftSummary(driftNone)).toMatch(/No drift: flights-2013-07\.parquet passed its one gate/);
  });

  test("without a gate judges nothing, and without a feature says so", () => {
    expect(driftSummary({ ...driftFail, gates: [] })).toMatch(/was not judged: there is no gate/);
    expect(driftSummary({ ...driftFail, features: [] })).toMatch(/failed 1 of 3 gates/);
  });
});

describe("the summary of eval-gate", () => {
  const passedBy = verdict({
    gate: "auc >= 0.7",
    rule: "refute",
    observed: 0.66,
    bound: 0.7,
    interval: [0.63, 0.69],
    reason: "0.66; alone it would have failed, but among 3 questions one such may be chance.",
  });

  test("says that questions asked together share the chance of a wrong fail, and which to watch", () => {
    const rest = [
      verdict({ gate: "f1 >= 0.1", rule: "prove" }),
      verdict({ gate: "mcc >= 0.1", rule: "refute" }),
    ];
    const markdown = evalGateSummary({ ...evaluationPass, verdicts: [passedBy, ...rest] });
    expect(markdown).toMatch(/3 questions .* Holm.* at most 5\u00a0%/);
    expect(markdown).toMatch(/Alone these would have failed; watch them\*\*\n\n- `auc >= 0\.7`: 0\.66;/);
    expect(evalGateSummary(evaluationPass)).not.toMatch(/Holm/);
    expect(evalGateSummary({ ...evaluationPass, verdicts: [passedBy] })).not.toMatch(/Holm/);
  });

  test("lists slices of which there is too little, most rows first, and keeps them out of the table", () => {
    const markdown = evalGateSummary({ ...evaluationPass, verdicts: stationGates() });
    expect(markdown).toMatch(/Not judged.*\n\n- `auc` by `station`: `S003` \(11 rows\), .* and 8 more/);
    expect(markdown.split("<details>")[0]).not.toMatch(/\| .*S003/);
    expect(markdown).toMatch(/^## ❌ flights-2 failed 43 of 180 gates; 20 slices too small to judge/);
    const judged = stationGates().filter(({ verdict: name, unjudged }) => name === "pass" || unjudged);
    const passed = evalGateSummary({ ...evaluationPass, verdicts: judged });
    expect(passed).toMatch(/^## ✅ flights-2 passed all 113 gates; 20 slices too small/);
    expect(passed).not.toMatch(/What decided it/);
  });
});

describe("the summary of shadow", () => {
  test("says so when too little was compared to decide anything", () => {
    expect(shadowSummary(shadowReplay)).toMatch(/Too few compared:\*\* 400 of 600 eligible requests/);
    expect(shadowSummary(shadowInconclusive)).toMatch(/\*\*Coverage:\*\* 740 of 760/);
  });

  test("of a replay has the contract's versions with an example of every field that differs", () => {
    const markdown = shadowSummary(shadowReplay);
    expect(markdown).toMatch(/\| `2013-06` \| 200 \| \*\*14\*\* \| `predictions\[0\]`|`2013-06`/);
    expect(markdown).toMatch(/stable 0\.3121, candidate 0\.3348/);
    expect(markdown).toMatch(/`2013-12` \| 0 \| 0 \| no request/);
  });
});

describe("the summary of deploy", () => {
  test("of a first release says that there was nothing to compare with", () => {
    const first = { ...rolloutPromoted, stable: null, steps: [], observations: [] };
    expect(deploySummary(first)).toMatch(/flights-2 is the first release of flights\n\n.*nothing to compare/);
  });

  test("of the release that serves already changes nothing", () => {
    const same = { ...rolloutPromoted, stable: rolloutPromoted.candidate, steps: [], observations: [] };
    expect(deploySummary(same)).toMatch(/serves 100\u00a0% of flights already/);
  });

  test("draws both sides over time on one scale, gaps where telemetry failed", () => {
    const side = { requests: 100, errors: 0, nan: 0, p50Ms: 1, p99Ms: null };
    const look = (nan: number | null) => ({
      at: 0,
      weightPercent: 10,
      stable: side,
      candidate: { ...side, nan },
    });
    const blind = { at: 0, weightPercent: 10, problem: "outage", detail: "" } as const;
    const markdown = deploySummary({ ...rolloutRestored, observations: [look(0), blind, look(5), look(10)] });
    expect(markdown).toContain("| Answered with NaN | `▁ ▅█`\u00a010.0\u00a0% | `▁ ▁▁`\u00a00\u00a0% |");
    expect(markdown).not.toContain("Latency, p99 |");
  });

  test("of a rollout that its guard took back names the reason", () => {
    const outcome = {
      ...rolloutRestored.outcome,
      verdict: "inconclusive",
      reason: "The lease ran out.",
    } as const;
    const markdown = deploySummary({ ...rolloutRestored, steps: [], outcome });
    expect(markdown).toMatch(/\*\*What decided it:\*\* The lease ran out\./);
    expect(markdown).toMatch(/not shown to be bad/);
  });
});

describe("the summary of many resources", () => {
  test("has those that need a person first, and counts all", () => {
    const markdown = wavesSummary(wavesOf(12, 6));
    expect(markdown).toMatch(/^## ❌ flights-2 serves 6 of 12 resources: 1 restored, 5 not begun\n\n/);
    const rows = markdown.match(/^\| `httproute.*$/gm) ?? [];
    expect(rows[0]).toMatch(/trains-006` \| 3 \| ❌\u00a0restored \| fail/);
    expect(rows[1]).toMatch(/➖\u00a0not\u00a0begun \| — \| — \| — \| — \|/);
    expect(rows).toHaveLength(12);
  });

  test("of two thousand stays under its cap and counts what it leaves out", () => {
    const markdown = wavesSummary(wavesOf(2000, null));
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(summaryCapBytes);
    expect(markdown).toMatch(/^## ✅ flights-2 serves 2,000 of 2,000 resources\n/);
    expect(markdown).toMatch(/And 1,600 more in the output `results`/);
  });
});
