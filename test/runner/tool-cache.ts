/**
 * What a runner that has run our actions before has in its tool cache: onnxruntime-node, which the actions otherwise
 * fetch by the lock file in `runtime/`. Tests must not need a registry.
 */
import { mkdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export function seedToolCache(toolCache: string): void {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve("onnxruntime-node/package.json");
  const { version } = require(manifest) as { version: string };
  const installed = dirname(dirname(manifest));
  const modules = join(toolCache, "ml-actions-onnxruntime", version, "node_modules");
  mkdirSync(modules, { recursive: true });
  for (const name of ["onnxruntime-node", "onnxruntime-common"]) {
    symlinkSync(join(installed, name), join(modules, name));
  }
}
