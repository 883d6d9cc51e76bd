/** How often the judge of a canary is wrong, and how soon it is right. */
import { healthy } from "../../../packages/gates/src/judge/traffic.testing.ts";
import { missingData, sevenOfTen } from "./judge-kayenta.ts";
import { fixedHorizon } from "./judge-peeking.ts";
import { scoreTable } from "./judge-scores.ts";
import { defaults, soonTables } from "./judge-soon.ts";
import { sprtTable } from "./judge-sprt.ts";
import {
  everProven,
  everRefuted,
  observations,
  type Play,
  share,
  steadyLoad,
  trending,
  trendingLoad,
  wealthOf,
} from "./judge-traffic.ts";

export async function section(runs: number): Promise<string> {
  return `## The judge of a canary

Rollouts at 10, 25, 50 and 100 %, 45 seconds each, looked at **every second**; confidence .95, rule \`prove\`; ${runs.toLocaleString("en-US")}
rollouts a line. "Refuted" and "proven" count rollouts in which it happened at any look. *Trends*: load between 20 and
200 requests a second, six times as many failures and three times the latency in the evening, before
stable loses its traffic.

### Equal releases, deploy's default gates

${equalTable(runs)}

While stable has no traffic, the candidate is held against stable's worst stretch of the rollout: a service that only then
gets worse is blamed on it. The last line is that case, and no bound is claimed for it.

### Exactly at a gate's bound

Both a refutation and a proof are wrong there, each in at most 5 % of rollouts.

${boundTable(runs)}

### Events until a worse candidate is refuted

${sprtTable(runs)}

### Requests until deploy's default gates know

${soonTables(runs)}

### Bad in seven points of ten

${sevenOfTen(runs)}

### Missing data

${missingData(runs)}

### Scores

${scoreTable(runs)}
`;
}

/** Seventy seconds later: what the judge's assumption about the time without stable's traffic does not cover. */
const late = (second: number) => trending(second - 70);

function equalTable(runs: number): string {
  const steady = () => ({ ...healthy, errors: 0.005, nan: 0.002 });
  const plays: [string, Play][] = [
    [`${steadyLoad} requests a second`, { stable: steady, candidate: steady }],
    ["5 requests a second", { stable: steady, candidate: steady, load: 5 }],
    ["trends", { stable: trending, candidate: trending, load: trendingLoad }],
    [
      "a trend that begins after stable has lost its traffic",
      { stable: late, candidate: late, load: trendingLoad },
    ],
  ];
  const lines = plays.map(([name, play], index) => {
    let refuted = 0;
    let naive = 0;
    for (let run = 0; run < runs; run++) {
      const seen = observations(play, 1_000_000 * (index + 1) + run);
      refuted += wealthOf(defaults, seen).some(everRefuted) ? 1 : 0;
      naive += fixedHorizon(seen) ? 1 : 0;
    }
    const most = play.stable === late ? 1 : 0.05;
    return `| ${name} | ${share(refuted, runs, most)} | ${share(naive, runs)} |`;
  });
  return [
    "| traffic | any gate refuted | a two-sample z-test of the failures at 5 %, at every look |",
    "|---|---|---|",
    ...lines,
  ].join("\n");
}

function boundTable(runs: number): string {
  const plays: [string, Play][] = [
    ["error_rate <= baseline", { stable: trending, candidate: trending, load: trendingLoad }],
    [
      "error_rate <= baseline + 0.01",
      {
        stable: trending,
        candidate: (second) => ({ ...trending(second), errors: trending(second).errors + 0.01 }),
        load: trendingLoad,
      },
    ],
    [
      "error_rate <= baseline * 1.5",
      {
        stable: trending,
        candidate: (second) => ({ ...trending(second), errors: trending(second).errors * 1.5 }),
        load: trendingLoad,
      },
    ],
    [
      "nan_rate <= baseline + 0.005",
      { stable: trending, candidate: (second) => ({ ...trending(second), nan: 0.007 }), load: trendingLoad },
    ],
    ["nan_rate <= 0.002", { stable: trending, candidate: trending, load: trendingLoad }],
    ["latency.p99 <= baseline", { stable: () => healthy, candidate: () => healthy, load: trendingLoad }],
  ];
  const lines = plays.map(([gate, play], index) => {
    let refuted = 0;
    let proven = 0;
    for (let run = 0; run < runs; run++) {
      const [wealth] = wealthOf(gate, observations(play, 10_000_000 * (index + 1) + run));
      refuted += wealth !== undefined && everRefuted(wealth) ? 1 : 0;
      proven += wealth !== undefined && everProven(wealth) ? 1 : 0;
    }
    return `| \`${gate}\` | ${share(refuted, runs, 0.05)} | ${share(proven, runs, 0.05)} |`;
  });
  return ["| gate, with trends | refuted | proven |", "|---|---|---|", ...lines].join("\n");
}
