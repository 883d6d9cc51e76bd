/**
 * What a runner that has run our actions before has in its tool cache: onnxruntime-node, for itself and for the other
 * platform that images are built for, which the actions otherwise fetch by the lock file in `runtime/`. Tests must not need a registry. The layout is that of
 * packages/serving/src/runtime-install.ts.
 */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export function seedToolCache(toolCache: string): void {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve("onnxruntime-node/package.json");
  const { version } = require(manifest) as { version: string };
  const installed = dirname(dirname(manifest));
  const platforms = new Set([`${process.platform}-${process.arch}`, "linux-x64", "linux-arm64"]);
  for (const platform of platforms) {
    const place = join(toolCache, "ml-actions-onnxruntime", version, platform);
    mkdirSync(join(place, "node_modules"), { recursive: true });
    for (const name of ["onnxruntime-node", "onnxruntime-common"]) {
      symlinkSync(join(installed, name), join(place, "node_modules", name));
    }
    writeFileSync(join(place, "complete"), `${version}\n`);
  }
}
