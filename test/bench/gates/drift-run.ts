/**
 * What a drift check does, in a process of its own so that its memory can be told: two Parquet files to profiles, a
 * thread each, and the verdicts. Arguments: reference, current. Prints seconds and how many columns drifted.
 */
import { Worker } from "node:worker_threads";
import { compareDrift, type Profile } from "@ml-actions/gates/drift";
import { parseGates } from "@ml-actions/gates/language";

const startedMs = performance.now();
const [reference, current] = await Promise.all(process.argv.slice(2, 4).map(profileOf));
const readMs = performance.now();
const { features } = compareDrift(parseGates("psi <= 0.1, kl <= 0.1, ks_distance <= 0.1"), {
  reference: reference as Profile,
  current: current as Profile,
  confidence: 0.95,
});
const drifted = features.filter((feature) => feature.drifted).map(({ feature }) => feature);
console.log(
  JSON.stringify({
    seconds: (performance.now() - startedMs) / 1000,
    compareSeconds: (performance.now() - readMs) / 1000,
    drifted: drifted.sort(),
  }),
);

function profileOf(path: string): Promise<Profile> {
  const worker = new Worker(new URL("./drift-worker.ts", import.meta.url), { workerData: path });
  return new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
}
