/** `docs/chaos.md`: a row for every fault, a column for every target, a cell for every case that was seen. Each is written
 * as soon as it was, so that a part of the suite renews its part of the table. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";

export interface Seen {
  fault: string;
  target: string;
  outcome: string;
  secondsToStable: number | null;
  /** Requests of users, the candidate's among them. */
  failed: number;
}

const docs = join(import.meta.dirname, "../../docs/chaos.md");
const mark = " *";
const failedCell = "**FAILED**";

const head = `# What a rollout survives

Written by \`npm run test:chaos\`: each cell is a rollout on a real cluster, with users at its service all the while (20
requests a second, each on a connection of its own), that met the fault of its row. After every one of them the same is
checked: every one of 100 answers comes from one release, stable or promoted; the journal is closed, nobody holds the
lease, and no workload, Service, Job, pod, route or Revision of the rollout is left; the reader is told what happened; no
request failed that was stable's to answer.

A cell says how it ended; the time from the fault (where it was there from the beginning: from the beginning) to the
candidate's last answer or the last failure that a user saw, rounded up to 5 s; and how many requests of users failed, if
any: the candidate's own.
`;

/** The table as a file has it; a suite is one of them from its beginning to its end. */
export class Table {
  readonly #path: string;
  readonly #faults: readonly string[];
  readonly #targets: readonly string[];
  /** By fault and target. */
  readonly #cells: Map<string, string>;
  readonly #seen = new Set<string>();
  readonly #beganMs = performance.now();
  #conditions: string;
  #load = { least: Infinity, most: 0 };

  /** Rows and columns of others go. */
  constructor(faults: readonly string[], targets: readonly string[], path = docs) {
    this.#path = path;
    this.#faults = faults;
    this.#targets = targets;
    const text = existing(path);
    this.#cells = cellsOf(text);
    this.#conditions = /^Seen in one run .*$/m.exec(text)?.[0] ?? "";
  }

  write({ fault, target, ...seen }: Seen): void {
    this.#put(fault, target, `${cellOf(seen)}${mark}`);
  }

  /** What was seen before does not hold any more. */
  writeFailure(fault: string, target: string): void {
    this.#put(fault, target, failedCell);
  }

  /** After a run of all `cells` they have no mark any more, and the conditions are those of that run.
   * @param most rollouts at once */
  finish(cells: number, most: number): void {
    if (this.#seen.size < cells) return;
    for (const [key, cell] of this.#cells) this.#cells.set(key, cell.replace(mark, ""));
    const minutes = Math.round((performance.now() - this.#beganMs) / 60_000);
    const { least, most: highest } = this.#load;
    this.#conditions = `Seen in one run of ${minutes} minutes on ${availableParallelism()} cores, up to ${most} rollouts at once, with a load average between ${least.toFixed(1)} and ${highest.toFixed(1)}.`;
    this.#save();
  }

  #put(fault: string, target: string, cell: string): void {
    const [load = 0] = loadavg();
    this.#load = { least: Math.min(this.#load.least, load), most: Math.max(this.#load.most, load) };
    this.#seen.add(keyOf(fault, target));
    this.#cells.set(keyOf(fault, target), cell);
    this.#save();
  }

  #save(): void {
    const rows = this.#faults.map((fault) => {
      const cells = this.#targets.map((target) => this.#cells.get(keyOf(fault, target)) ?? "");
      return cells.some((cell) => cell !== "") ? [`| ${[fault, ...cells].join(" | ")} |`] : [];
    });
    const marked = [...this.#cells.values()].some((cell) => cell.endsWith(mark));
    const notes = [
      this.#conditions,
      marked ? "Cells with * were seen in runs of their own, under whatever load there was." : "",
    ].filter((note) => note !== "");
    const columns = [
      `| Fault | ${this.#targets.join(" | ")} |`,
      `| --- | ${this.#targets.map(() => "---").join(" | ")} |`,
    ];
    const text = [head, ...notes.map((note) => `${note}\n`), ...columns, ...rows.flat()].join("\n");
    writeFileSync(this.#path, `${text}\n`);
  }
}

const keyOf = (fault: string, target: string) => `${fault} | ${target}`;

function cellOf({ outcome, secondsToStable, failed }: Omit<Seen, "fault" | "target">): string {
  const seconds = secondsToStable === null ? "" : `, ${Math.ceil(secondsToStable / 5) * 5} s`;
  return `${outcome}${seconds}${failed === 0 ? "" : `, ${failed} failed`}`;
}

function existing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function cellsOf(text: string): Map<string, string> {
  const [columns = [], , ...rows] = text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.slice(2, -2).split(" | "));
  return new Map(
    rows.flatMap(([fault = "", ...cells]) =>
      cells.flatMap((cell, at): [string, string][] =>
        cell.trim() === "" ? [] : [[keyOf(fault, columns[at + 1] ?? ""), cell.trim()]],
      ),
    ),
  );
}
