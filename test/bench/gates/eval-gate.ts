/**
 * eval-gate over a million rows of flights and more: the built action as a workflow runs it, from the start of its
 * process to its report, against onnxruntime and scikit-learn in Python, whose start is not counted.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { metricsSchema } from "@ml-actions/evidence/metrics-file";
import { releaseTree } from "@ml-actions/release";
import { type Job, startJob } from "../../runner/runner.ts";
import type { BenchOptions, BenchRow } from "../gates.ts";
import { runPeer } from "../peers/python.ts";
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
    const [ours, theirs]: [Measured[], Measured[]] = [[], []];
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

function inPython(dataset: string): Promise<Measured> {
  const models = [flights("flights-2.onnx"), flights("flights-1.onnx")];
  return runPeer("eval_gate.py", [dataset, ...models, String(availableParallelism())]);
}

function speed(count: number, ours: readonly Measured[], theirs: readonly Measured[]): BenchRow {
  const mine = middle(ours);
  const row = {
    work: `eval-gate, two ONNX models over ${count.toLocaleString("en-US")} rows of Parquet, ${availableParallelism()} threads, median of ${runs}`,
    ours: `${shown(mine)}: the whole step with Node's start, all metrics, intervals and the report`,
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
    peer: `${shown(peer)}: onnxruntime, and AUC and F1 of scikit-learn; imports not counted`,
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
function middle(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.seconds - b.seconds);
  return sorted[Math.floor(sorted.length / 2)] as Measured;
}
