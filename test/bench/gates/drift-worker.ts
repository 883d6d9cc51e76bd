/** A thread of `drift-run.ts`: reduces one Parquet file to a profile and posts it. */
import { parentPort, workerData } from "node:worker_threads";
import { readBatches } from "@ml-actions/datasets";
import { ProfileBuilder } from "@ml-actions/gates/drift";

const builder = new ProfileBuilder();
for await (const batch of readBatches(workerData as string, { schema: null })) builder.add(batch);
parentPort?.postMessage(builder.profile());
