/** `docs/chaos.md`: a row for every case that was seen, written as soon as it was, so that a part of the suite renews its
 * part of the table. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Row {
  fault: string;
  target: string;
  outcome: string;
  secondsToStable: number | null;
  /** By stable. */
  failed: number;
}

const file = join(import.meta.dirname, "../../docs/chaos.md");

const head = `# What a rollout survives

Written by \`npm run test:chaos\`: each row is a rollout on a real cluster, with users at its service all the while, that
met the fault named. After every one of them the same is checked: every one of 100 measured answers comes from one
release, stable or promoted; the journal is closed, nobody holds the lease, and no workload, Service, Job, pod or route
of the rollout is left; the reader is told what happened. The time runs from the fault to the candidate's last answer or
the last failure that a user saw (where the fault was there from the beginning: from the beginning) and is rounded up to 5 s; failed requests are those that stable failed.

| Fault | Target | Ended | Stable has all traffic | Failed requests |
| --- | --- | --- | --- | --- |
`;

/** @param order the faults as the suite has them; rows of others go */
export function writeRow(row: Row, order: readonly string[], path = file): void {
  const lines = new Map(rowsOf(path).map((line) => [keyOf(line), line]));
  const line = lineOf(row);
  lines.set(keyOf(line), line);
  const rank = (key: string) => order.indexOf(key.slice(2).split(" | ")[0] as string);
  const kept = [...lines].filter(([key]) => rank(key) >= 0);
  kept.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  writeFileSync(path, `${head}${kept.map(([, each]) => each).join("\n")}\n`);
}

function lineOf({ fault, target, outcome, secondsToStable, failed }: Row): string {
  return `| ${fault} | ${target} | ${outcome} | ${shownSeconds(secondsToStable)} | ${failed} |`;
}

export function shownSeconds(seconds: number | null): string {
  if (seconds === null) return "–";
  return seconds < 0.05 ? "all along" : `within ${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
}

function rowsOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| ") && !/^\| (Fault|---)/.test(line));
  } catch {
    return [];
  }
}

/** Fault and target. */
function keyOf(line: string): string {
  return line.split(" | ").slice(0, 2).join(" | ");
}
