import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Layout } from "./layout.ts";
import type { FakeOptions } from "./testing/fake-content.ts";
import { startPushable } from "./testing/pushable-registry.ts";
import { describeStore } from "./testing/store-contract.ts";

const registries: [string, FakeOptions][] = [
  ["registry with a referrers API", {}],
  ["registry with one that it does not announce, in pages", { acknowledges: false, pageSize: 3 }],
  ["registry without one", { referrers: false, pageSize: 3 }],
  ["registry without one that compares ETags", { referrers: false, conditional: true }],
  ["registry that wants large chunks", { minChunkBytes: 33_700_000 }],
];
for (const [name, options] of registries) {
  describeStore(name, async () => {
    const registry = await startPushable(options);
    return { open: () => registry.open(), close: () => registry.close() };
  });
}

describeStore("layout in a directory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-layout-"));
  return {
    open: () => new Layout(join(directory, "image")),
    close: () => rm(directory, { recursive: true }),
  };
});
