/**
 * Metrics of a million scores, and how well they are known, against scikit-learn. Both read the same rows from files and
 * are timed inside their process; Python's start and imports are not counted.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { estimatorFor } from "@ml-actions/gates/estimators/registry";
import { type Estimator, Side } from "@ml-actions/gates/estimators/side";
import { xoshiro128 } from "@ml-actions/gates/random/xoshiro";
import type { BenchOptions, BenchRow } from "../gates.ts";
import { runPeer } from "../peers/python.ts";

const turns = 5;
const replicates = 2000;
/** Of a row bootstrap, measured and scaled up to `replicates`: all of them would take minutes. */
const measuredReplicates = 100;
const bootstrapRows = 10_000;
const threshold = 0.5;

interface Rows {
  labels: Float64Array;
  candidate: Float64Array;
  baseline: Float64Array;
}

interface Peer {
  metricsMs: number[];
  values: Record<"auc" | "f1" | "average_precision", number>;
  replicateMs: number[];
}

export async function rows({ peers, quick }: BenchOptions): Promise<BenchRow[]> {
  const count = quick ? 100_000 : 1_000_000;
  const made = makeRows(count);
  const peer = peers ? await inPython(made) : null;
  return [metricsRow(made, peer), bootstrapRow(made, peer)];
}

/** A quarter positives; the candidate ranks them a little better. Scores from 0 to 1, hardly two of them equal. */
function makeRows(count: number): Rows {
  const random = xoshiro128(7, 1, 1);
  const rows: Rows = {
    labels: new Float64Array(count),
    candidate: new Float64Array(count),
    baseline: new Float64Array(count),
  };
  for (let row = 0; row < count; row += 1) {
    const positive = random.uniform() < 0.25;
    const common = random.uniform();
    rows.labels[row] = positive ? 1 : 0;
    rows.candidate[row] = 0.5 * common + 0.35 * random.uniform() + (positive ? 0.15 : 0);
    rows.baseline[row] = 0.5 * common + 0.37 * random.uniform() + (positive ? 0.13 : 0);
  }
  return rows;
}

const sideOf = ({ labels }: Rows, scores: Float64Array) =>
  new Side({ labels, scores, classes: 2, threshold });

function estimator(name: string): Estimator {
  const found = estimatorFor("binary", name);
  if (found === undefined) throw new Error(`no binary metric is named ${name}`);
  return found;
}

function metricsRow(made: Rows, peer: Peer | null): BenchRow {
  const names = ["auc", "f1", "average_precision", "log_loss", "ece"] as const;
  const values: Record<string, number> = {};
  const ms = timed(() => {
    const side = sideOf(made, made.candidate);
    for (const name of names) values[name] = estimator(name).value(side);
    estimator("auc").uncertainty(side, null, 0, 0);
  });
  const pairedMs = timed(() => {
    const [ours, theirs] = [sideOf(made, made.candidate), sideOf(made, made.baseline)];
    estimator("auc").uncertainty(ours, theirs, 1, 0);
  });
  const row = {
    work: `AUC, F1, average precision, log loss, ECE and DeLong's interval, ${shown(made.labels.length)} rows, median of ${turns}`,
    ours: `${middle(ms).toFixed(0)} ms (the paired DeLong test of two models by itself ${middle(pairedMs).toFixed(0)} ms)`,
    goal: "≥ 3 × faster",
  };
  if (peer === null) return { ...row, peer: "", ratio: "", met: false };
  for (const [name, value] of Object.entries(peer.values)) {
    if (!(Math.abs(value - (values[name] as number)) < 1e-9)) {
      throw new Error(`${name}: ours is ${values[name]}, scikit-learn's ${value}`);
    }
  }
  const ratio = middle(peer.metricsMs) / middle(ms);
  return {
    ...row,
    peer: `${middle(peer.metricsMs).toFixed(0)} ms: scikit-learn, the first three alone`,
    ratio: `${ratio.toFixed(1)} × faster`,
    met: ratio >= 3,
  };
}

function bootstrapRow(made: Rows, peer: Peer | null): BenchRow {
  const ms = timed(() => {
    const [ours, theirs] = [sideOf(made, made.candidate), sideOf(made, made.baseline)];
    estimator("f1").uncertainty(ours, theirs, 1, 0).at(0.95);
  });
  const whole = middle(ms);
  const each = (wholeMs: number) => `${((1000 * wholeMs) / replicates).toFixed(1)} µs a replicate`;
  const row = {
    work: `paired bootstrap of F1, ${shown(replicates)} replicates, ${shown(made.labels.length)} rows, median of ${turns}`,
    ours: `${whole.toFixed(0)} ms, ${each(whole)}`,
    goal: "≥ 100 × faster",
  };
  if (peer === null) return { ...row, peer: "", ratio: "", met: false };
  const theirs = middle(peer.replicateMs) * replicates;
  return {
    ...row,
    peer: `${(theirs / 1000).toFixed(1)} s, ${each(theirs)}: drawing ${shown(bootstrapRows)} rows, scikit-learn's f1_score (${measuredReplicates} measured, scaled)`,
    ratio: `${(theirs / whole).toFixed(0)} × faster, on ${made.labels.length / bootstrapRows} times the rows`,
    met: theirs / whole >= 100,
  };
}

async function inPython(made: Rows): Promise<Peer> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-bench-"));
  try {
    for (const [name, values] of Object.entries(made)) await writeFile(join(directory, name), values);
    return await runPeer<Peer>("metrics.py", [
      directory,
      ...[turns, bootstrapRows, measuredReplicates, threshold].map(String),
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Milliseconds of each turn, the first included. */
function timed(body: () => void): number[] {
  return Array.from({ length: turns }, () => {
    const began = performance.now();
    body();
    return performance.now() - began;
  });
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

const shown = (count: number) => count.toLocaleString("en-US");
