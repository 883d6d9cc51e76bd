/** The account of a shadow: what became of every request and every label, in numbers and in sentences. */
import { coverageOf, lossesOf, percent } from "./coverage.ts";
import type { Seen } from "./judging.ts";
import type { Findings } from "./report.ts";

/** Compared requests with at least one instance of which the truth is not known. */
export function unlabelledOf({ compared, truth }: Seen): number {
  if (truth === null) return compared.requests;
  let found = 0;
  for (let request = 0; request < compared.requests; request += 1) {
    const [from, to] = [compared.starts[request] as number, compared.starts[request + 1] as number];
    if (truth.known.subarray(from, to).includes(0)) found += 1;
  }
  return found;
}

/** For the metrics file and the evidence: counts of requests (labels where the name says so) and one share. */
export function accountMetrics({ run, seen, late }: Findings): Record<string, number> {
  const { tally, contract } = run;
  const labels = seen.truth?.tally;
  return {
    coverage: coverageOf(tally),
    eligible_requests: tally.eligible,
    compared_requests: tally.compared,
    duplicate_requests: tally.duplicates,
    differing_inputs: tally.differingInputs,
    unanswered_requests: tally.unanswered,
    ...(labels === undefined
      ? {}
      : {
          unlabelled_requests: unlabelledOf(seen),
          late_labels: late,
          repeated_labels: labels.repeated,
          contradicting_labels: labels.contradicting,
          labels_not_compared: labels.notCompared,
          unknown_labels: labels.unknown,
        }),
    ...(contract === null
      ? {}
      : {
          contract_requests: contract.verdict.n,
          contract_differing: contract.verdict.observed ?? 0,
          contract_unknown: contract.unknown,
        }),
  };
}

/** For people; nothing that was not there is spoken of. */
export function accountNotes(findings: Findings, minimum: number): string[] {
  const { run, looks } = findings;
  const { counts, tally, notes } = run;
  const lost = tally.eligible - tally.compared;
  const share = percent(coverageOf(tally));
  return [
    ...(counts.ok ? [] : [`The counts of requests could not be had: ${counts.detail}`]),
    tally.eligible === 0
      ? "Stable answered no request that could be compared"
      : `${share} of the ${shown(tally.eligible)} requests that stable answered were compared, ${percent(minimum)} are asked for${lost === 0 ? "" : `. Not compared: ${lossesOf({ tally, counts, minimum })}`}`,
    ...labelNotes(findings),
    ...contractNotes(findings),
    ...(looks > 1
      ? [
          `It was looked ${looks} times whether there is enough for a verdict; each look is surer than the one before, so that all of them together are as sure as one`,
        ]
      : []),
    ...notes,
    ...findings.notes,
  ];
}

function labelNotes({ seen, late }: Findings): string[] {
  if (seen.truth === null) return [];
  const { repeated, contradicting, notCompared, unknown } = seen.truth.tally;
  const unlabelled = unlabelledOf(seen);
  const told: [number, string][] = [
    [
      unlabelled,
      "compared requests have no label, or not for every instance: gates on labels leave them out",
    ],
    [
      late,
      "labels came only when the verdict was made, and have no part in it: labels that take longer may be other labels",
    ],
    [contradicting, "instances have two labels that contradict each other, and count as unlabelled"],
    [repeated, "labels came a second time, which changes nothing"],
    [
      notCompared,
      "labels are of requests that could not be compared, or of an instance that they do not have",
    ],
    [unknown, "labels are of requests that this shadow did not see"],
  ];
  return told.filter(([count]) => count > 0).map(([count, what]) => `${shown(count)} ${what}`);
}

function contractNotes({ run: { contract } }: Findings): string[] {
  if (contract === null) return [];
  return [
    ...(contract.unknown > 0
      ? [
          `${shown(contract.unknown)} requests were not answered by stable either, so that their answers are not compared`,
        ]
      : []),
    ...(contract.refused > 0
      ? [
          `${shown(contract.refused)} requests are refused by stable itself: record what is right in \`expect\` if that is on purpose`,
        ]
      : []),
  ];
}

const shown = (count: number) => count.toLocaleString("en-US");
