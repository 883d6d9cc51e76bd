/** A replay as lines for a terminal. Gates and names come from the file: control characters are taken out. */
import { shown } from "./read-json.ts";
import type { Replay } from "./replay.ts";
import type { TestResultStatement } from "./statement.ts";

export function describeReplay({ subject, predicate }: TestResultStatement, replay: Replay): string {
  const names = subject.map(({ name, digest }) => `${shown(name)} (sha256:${digest.sha256.slice(0, 12)}…)`);
  const lines = [`${names.join(", ")}: ${predicate.result}, ${replay.looks} looks`, ""];
  for (const { gate, recorded, replayed, differences } of replay.gates) {
    const same = differences.length === 0;
    lines.push(`${same ? "same     " : "DIFFERENT"}  ${shown(gate, 200)}`);
    lines.push(`           recorded ${figuresOf(recorded)}`);
    lines.push(`           replayed ${figuresOf(replayed)}`);
    lines.push(...differences.map((difference) => `           ${shown(difference, 300)}`));
  }
  lines.push("");
  for (const { text, differences } of replay.phases) {
    lines.push(`${differences.length === 0 ? "same     " : "DIFFERENT"}  ${text}`);
    lines.push(...differences.map((difference) => `           ${shown(difference, 300)}`));
  }
  lines.push(...replay.differences.map((difference) => `DIFFERENT  ${shown(difference, 300)}`));
  lines.push(
    "",
    replay.same ? "The counts give what is claimed." : "The counts do not give what is claimed.",
  );
  return lines.join("\n");
}

function figuresOf({ verdict, observed, bound, n }: Replay["gates"][number]["recorded"]): string {
  const figure = (value: number | null) => (value === null ? "unknown" : Number(value.toPrecision(4)));
  return `${verdict}: ${figure(observed)} against ${figure(bound)}, n ${n}`;
}
