/**
 * What `build` does between its inputs and its papers, in a process of its own so that its memory can be told: the base is
 * resolved, the image made and pushed. Argument: an `OursRequest` as JSON. Prints an `OursResult`.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { buildImage, measureModel, type Platform, presentLayers, resolveBase } from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import type { ModelFiles } from "./models.ts";

export interface OursRequest {
  base: string;
  platform: Platform;
  server: string;
  runtime: string;
  model: ModelFiles;
  repository: string;
  tag: string;
}

export interface OursResult {
  seconds: number;
  /** The largest resident set, Node itself in it. */
  peakMegabytes: number;
  digest: string;
}

if (import.meta.main) {
  const request = JSON.parse(process.argv[2] ?? "") as OursRequest;
  const startedMs = performance.now();
  const { digest } = await build(request);
  console.log(
    JSON.stringify({
      seconds: (performance.now() - startedMs) / 1000,
      peakMegabytes: peakMegabytes(),
      digest,
    } satisfies OursResult),
  );
}

async function build({ base, platform, server, runtime, model, repository, tag }: OursRequest) {
  const name = "flights";
  const { store } = await openStore(repository);
  const finding = resolveBase(base, [platform]).then(async (found) => ({
    base: found,
    present: await presentLayers(found, store),
  }));
  const measuring = measureModel(model.path, name);
  return buildImage({
    ...(await finding),
    platforms: [platform],
    server,
    runtime: async () => runtime,
    model: await measuring,
    contract: await readFile(model.contract),
    facts: {
      name,
      version: "1.4",
      source: "https://example.com/flights",
      revision: "0123456789abcdef",
    },
    store,
    tag,
  });
}

/** proc_pid_status(5). getrusage's figure would begin with what the process held that started this one. */
function peakMegabytes(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}
