/**
 * What a drift check does, in a process of its own so that its memory can be told: two Parquet files to profiles, one
 * after the other, and the verdicts. Arguments: reference, current. Prints seconds and which columns drifted.
 */
import { readBatches } from "@ml-actions/datasets";
// Loaded when a first Parquet file is opened: here before the clock starts, as the peer's imports are.
import "@ml-actions/datasets/parquet/dataset";
import { compareDrift, type Profile, ProfileBuilder } from "@ml-actions/gates/drift";
import { parseGates } from "@ml-actions/gates/language";

const startedMs = performance.now();
const [referencePath = "", currentPath = ""] = process.argv.slice(2);
const [reference, current] = [await profileOf(referencePath), await profileOf(currentPath)];
const readMs = performance.now();
const { features } = compareDrift(parseGates("psi <= 0.1, kl <= 0.1, ks_distance <= 0.1"), {
  reference,
  current,
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

async function profileOf(path: string): Promise<Profile> {
  const builder = new ProfileBuilder();
  for await (const batch of readBatches(path, { schema: null })) builder.add(batch);
  return builder.profile();
}
