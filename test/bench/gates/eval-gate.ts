/**
 * eval-gate over a million rows of flights and more: the built action as a workflow runs it, against onnxruntime and
 * scikit-learn in Python. Both from the start of the process to its end; Python's imports are told apart.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { metricsSchema } from "@ml-actions/evidence/metrics-file";
import { releaseTree } from "@ml-actions/release";
import { type Job, startJob } from "../../runner/runner.ts";
import type { BenchOptions, BenchRow } from "../gates.ts";
import { peerPython, runPeer } from "../peers/python.ts";
import { flightsRows } from "./flights-rows.ts";
import { withPeakMemory } from "./peak-memory.ts";

const flights = (name: string) => join(import.meta.dirname, "../../fixtures/flights", name);
const mostMegabytes = 600;
const runs = 3;

interface Measured {
  seconds: number;
  peakMegabytes: number;
  candidate: { auc: number; f1: number };
}

export async function rows({ peers, quick }: BenchOptions): Promise<BenchRow[]> {
  const count = quick ? 100_000 : 1_000_000;
  const dataset = await flightsRows(count);
  const job = startJob({ tree: await releaseTree() });
  try {
    const [ours, theirs]: [Measured[], MeasuredPeer[]] = [[], []];
    // In turns, so that a busy moment of the machine hits both.
    for (let turn = 0; turn < runs; turn += 1) {
      ours.push(await evalGate(job, dataset));
      if (peers) theirs.push(await inPython(dataset));
    }
    const large = await evalGate(job, await flightsRows(10 * count));
    return [speed(count, ours, theirs), memory(count, middle(ours), large)];
  } finally {
    await job.end();
  }
}

async function evalGate(job: Job, dataset: string): Promise<Measured> {
  const { result, peakMegabytes } = await withPeakMemory(() =>
    job.run({
      timeoutMs: 600_000,
      action: "eval-gate",
      inputs: {
        dataset,
        model: flights("flights-2.onnx"),
        baseline: flights("flights-1.onnx"),
        gates: "auc >= baseline - 0.01\nf1 >= baseline - 0.02",
      },
    }),
  );
  if (result.exitCode !== 0) throw new Error(`eval-gate ended with ${result.exitCode}:\n${result.log}`);
  const { candidate } = metricsSchema.parse(
    JSON.parse(readFileSync(result.outputs.metrics as string, "utf8")),
  );
  return {
    seconds: result.durationMs / 1000,
    peakMegabytes,
    candidate: { auc: candidate.auc as number, f1: candidate.f1 as number },
  };
}

interface MeasuredPeer extends Measured {
  /** Without Python's start and imports. */
  importedSeconds: number;
}

async function inPython(dataset: string): Promise<MeasuredPeer> {
  const models = [flights("flights-2.onnx"), flights("flights-1.onnx")];
  await peerPython();
  const startedMs = performance.now();
  const measured = await runPeer<Measured>("eval_gate.py", [
    dataset,
    ...models,
    String(availableParallelism()),
  ]);
  return {
    ...measured,
    importedSeconds: measured.seconds,
    seconds: (performance.now() - startedMs) / 1000,
  };
}

function speed(count: number, ours: readonly Measured[], theirs: readonly MeasuredPeer[]): BenchRow {
  const mine = middle(ours);
  const row = {
    work: `eval-gate, two ONNX models over ${count.toLocaleString("en-US")} rows of Parquet, ${availableParallelism()} threads, median of ${runs}`,
    ours: `${shown(mine)}: the whole step, all metrics, intervals and the report`,
    goal: "faster than Python",
  };
  if (theirs.length === 0) return { ...row, peer: "", ratio: "", met: false };
  const peer = middle(theirs);
  for (const metric of ["auc", "f1"] as const) {
    const [own, other] = [mine.candidate[metric], peer.candidate[metric]];
    // Rows in batches or at once: a score may differ in its last bit, and fall on the other side of the threshold.
    if (Math.abs(own - other) > 1e-5) throw new Error(`${metric}: ours is ${own}, scikit-learn's ${other}`);
  }
  return {
    ...row,
    peer: `${shown(peer)}: onnxruntime, and AUC and F1 of scikit-learn (${peer.importedSeconds.toFixed(1)} s once imported)`,
    ratio: `${(peer.seconds / mine.seconds).toFixed(2)} × as fast, ${(mine.peakMegabytes / peer.peakMegabytes).toFixed(2)} of its memory`,
    met: mine.seconds < peer.seconds,
  };
}

function memory(count: number, small: Measured, large: Measured): BenchRow {
  const many = (10 * count).toLocaleString("en-US");
  return {
    work: `eval-gate, two ONNX models over ${many} rows: memory of the whole process tree`,
    ours: `${shown(large)}; ${count.toLocaleString("en-US")} rows: ${small.peakMegabytes.toFixed(0)} MB`,
    peer: "",
    ratio: `${((1e6 * (large.peakMegabytes - small.peakMegabytes)) / (9 * count)).toFixed(0)} bytes a row more`,
    goal: `≤ ${mostMegabytes} MB`,
    met: large.peakMegabytes <= mostMegabytes,
  };
}

const shown = ({ seconds, peakMegabytes }: Measured) =>
  `${seconds.toFixed(1)} s, ${peakMegabytes.toFixed(0)} MB`;

/** The run of median time. */
function middle<Run extends Measured>(runs: readonly Run[]): Run {
  const sorted = runs.toSorted((a, b) => a.seconds - b.seconds);
  return sorted[Math.floor(sorted.length / 2)] as Run;
}
