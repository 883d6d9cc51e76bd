/**
 * Drift of 50 columns: two Parquet files to verdicts on PSI, KL and KS of every column, against Evidently's preset over
 * the same files. Both count what they take from the files to the result, not their start.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchOptions, BenchRow } from "../gates.ts";
import { runPeer } from "../peers/python.ts";
import { driftRows, movedColumns } from "./drift-rows.ts";
import { withPeakMemory } from "./peak-memory.ts";

interface Ours {
  seconds: number;
  compareSeconds: number;
  drifted: string[];
}

interface Peer {
  readSeconds: number;
  seconds: number;
  peakMegabytes: number;
  drifted: number;
}

const run = promisify(execFile);

export async function rows({ peers, quick }: BenchOptions): Promise<BenchRow[]> {
  const scale = quick ? 10 : 1;
  return [await againstPeer(200_000 / scale, peers), await large(1_000_000 / scale)];
}

const timedRuns = 3;

/** Median time; memory in a run of its own, because looking at it takes time from what is looked at. */
async function measure(count: number): Promise<Ours & { peakMegabytes: number }> {
  const { reference, current } = await driftRows(count);
  const check = async () => {
    const program = join(import.meta.dirname, "drift-run.ts");
    const { stdout } = await run(process.execPath, [...process.execArgv, program, reference, current]);
    return JSON.parse(stdout) as Ours;
  };
  const runs: Ours[] = [];
  for (let i = 0; i < timedRuns; i++) runs.push(await check());
  const ours = runs.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(timedRuns / 2)] as Ours;
  if (ours.drifted.join() !== movedColumns.toSorted().join())
    throw new Error(`drifted: ${ours.drifted.join(", ")}; expected ${movedColumns.join(", ")}`);
  return { ...ours, peakMegabytes: (await withPeakMemory(check)).peakMegabytes };
}

async function againstPeer(count: number, peers: boolean): Promise<BenchRow> {
  const ours = await measure(count);
  const row = {
    work: `drift, ${count.toLocaleString("en-US")} × 50 numeric and categorical against as many, from Parquet, PSI + KL + KS`,
    ours: `${shown(ours)}, one thread; all three distances, their tests and verdicts`,
    goal: "≥ 50 × faster, ≤ ¼ of the memory",
  };
  if (!peers) return { ...row, peer: "", ratio: "", met: false };
  const { reference, current } = await driftRows(count);
  const peer = await runPeer<Peer>("drift.py", [reference, current]);
  const seconds = peer.readSeconds + peer.seconds;
  const [faster, memory] = [seconds / ours.seconds, ours.peakMegabytes / peer.peakMegabytes];
  return {
    ...row,
    peer: `${shown({ seconds, peakMegabytes: peer.peakMegabytes })}: Evidently's DataDriftPreset, one distance a column; ${peer.drifted} columns called drifted`,
    ratio: `${faster.toFixed(0)} × faster, ${memory.toFixed(2)} of its memory`,
    met: faster >= 50 && memory <= 0.25,
  };
}

async function large(count: number): Promise<BenchRow> {
  const ours = await measure(count);
  return {
    work: `drift, ${count.toLocaleString("en-US")} × 50 against as many, from Parquet, one thread`,
    ours: `${shown(ours)}, of it ${ours.compareSeconds.toFixed(2)} s to compare`,
    peer: "",
    ratio: "",
    goal: "≤ 15 s, ≤ 1 GB",
    met: ours.seconds <= 15 && ours.peakMegabytes <= 1000,
  };
}

const shown = ({ seconds, peakMegabytes }: { seconds: number; peakMegabytes: number }) =>
  `${seconds.toFixed(2)} s, ${peakMegabytes.toFixed(0)} MB`;
