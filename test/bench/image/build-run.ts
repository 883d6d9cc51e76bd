/**
 * What `build` does between its inputs and its papers, in a process of its own so that its memory can be told: the base is
 * resolved, the image made and pushed. Argument: an `OursRequest` as JSON. Prints an `OursResult`.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { buildImage, type Platform, resolveBase } from "@ml-actions/oci/image";
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
      peakMegabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
      digest,
    } satisfies OursResult),
  );
}

async function build({ base, platform, server, runtime, model, repository, tag }: OursRequest) {
  const { store } = await openStore(repository);
  return buildImage({
    base: await resolveBase(base, [platform]),
    platforms: [platform],
    server,
    runtime: async () => runtime,
    model: { path: model.path, digest: await fileDigest(model.path) },
    contract: model.contract,
    facts: {
      name: "flights",
      version: "1.4",
      source: "https://example.com/flights",
      revision: "0123456789abcdef",
    },
    store,
    tag,
  });
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}
