/** Builds an image in a process of its own, as the one argument says (JSON); prints its digest and the process's peak memory. */
import { readFile } from "node:fs/promises";
import { buildImage, measureModel, type Platform, resolveBase } from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";

export interface ImageTask {
  base: string;
  platforms: Platform[];
  server: string;
  runtime: string;
  /** Without `.onnx`; the contract lies beside it. */
  model: string;
  store: string;
  tag: string;
}

export interface ImageResult {
  digest: string;
  peakBytes: number;
}

const task = JSON.parse(process.argv[2] ?? "") as ImageTask;
const { digest } = await buildImage({
  base: await resolveBase(task.base, task.platforms),
  platforms: task.platforms,
  server: task.server,
  runtime: async () => task.runtime,
  model: await measureModel(`${task.model}.onnx`, "flights"),
  contract: await readFile(`${task.model}.contract.json`),
  facts: {
    name: "flights",
    version: "2.0",
    source: "https://git.example/org/flights",
    revision: "0123456789abcdef",
  },
  store: (await openStore(task.store)).store,
  tag: task.tag,
});
const result: ImageResult = { digest, peakBytes: process.resourceUsage().maxRSS * 1024 };
process.stdout.write(JSON.stringify(result));
