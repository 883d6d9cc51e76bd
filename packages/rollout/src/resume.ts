import type { JournalEntry, JournalStep, Release, Situation } from "./target.ts";

/** What an earlier rollout left behind and what to do about it before a new one begins.
 * `clear`: nothing to do, `note` says what became of it. `finished`: its candidate had become stable, only the end
 * was not written. `restore`: its candidate still has a place or traffic here. */
export type Resumption =
  | { kind: "clear"; note: string | null }
  | { kind: "finished"; note: string }
  | { kind: "restore"; note: string };

/**
 * Decides from the journal and from what truly runs; what runs wins, because a journal is written before a step, not
 * after it. Pure.
 *
 * @param journal the last rollout's entries, oldest first; empty when there is nothing to know
 */
export function resume(
  journal: readonly JournalEntry[],
  situation: Situation,
  candidate: Release,
): Resumption {
  const last = journal.at(-1);
  const left = situation.candidate;
  if (last === undefined) {
    return left === null
      ? { kind: "clear", note: null }
      : { kind: "restore", note: `${left.label} was found beside stable without a rollout` };
  }
  if (last.step.name === "end") {
    return afterEnd(last.step, journal, situation);
  }
  const begun = journal.map(({ step }) => step).find((step) => step.name === "begin");
  const story = `rollout ${last.rollout} of ${begun?.candidate.label ?? "an unknown release"} by ${last.holder} was interrupted at "${stepText(last.step)}"`;
  const again = begun?.candidate.digest === candidate.digest ? "; it starts again" : "";
  if (begun !== undefined && situation.stable?.digest === begun.candidate.digest && left === null) {
    return { kind: "finished", note: `${story}, but had already become stable` };
  }
  return left === null
    ? { kind: "clear", note: `${story}; stable has all traffic${again}` }
    : { kind: "restore", note: `${story}${again}` };
}

function afterEnd(
  end: JournalStep & { name: "end" },
  journal: readonly JournalEntry[],
  { candidate }: Situation,
): Resumption {
  if (candidate !== null) {
    const how = end.stage === "held" ? "was held" : `was left over from a rollout that ${end.stage}`;
    return { kind: "restore", note: `${candidate.label} ${how}` };
  }
  const restored = journal.map(({ step }) => step).findLast((step) => step.name === "restore");
  return {
    kind: "clear",
    note:
      restored?.by === "guard"
        ? `the guard had restored stable from rollout ${journal.at(-1)?.rollout}: ${restored.reason}`
        : null,
  };
}

/** A journal step in a few words: `split 25 %`. */
export function stepText(step: JournalStep): string {
  switch (step.name) {
    case "split":
    case "mirror":
      return `${step.name} ${step.percent} %`;
    case "begin":
      return `begin ${step.candidate.label}`;
    case "bake":
      return `bake ${step.ms / 1000} s`;
    case "end":
      return `end ${step.stage}`;
    case "restore":
    case "hold":
    case "prepare":
    case "promote":
      return step.name;
  }
}
