import { defineConfig } from "vitest/config";
import { filesLeftOut } from "./left-out.ts";

// `npm run test:cluster`: on the lab's cluster, or on any by KUBECONFIG.
export default defineConfig({
  cacheDir: "build/vitest",
  test: {
    include: ["test/cluster/**/*.test.ts"],
    exclude: filesLeftOut("test/cluster"),
    globalSetup: "test/cluster/setup.ts",
    // As the release tree runs it; why is said in packages/release/src/layout.ts.
    execArgv: ["--no-maglev"],
    // Pods take time, and their tests mostly wait for them.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
