import { defineConfig } from "vitest/config";

// `npm run test:chaos`: on the lab's cluster, or on any by KUBECONFIG. One case: `-t "gateway: SIGKILL at bake"`.
export default defineConfig({
  cacheDir: "build/vitest",
  test: {
    include: ["test/chaos/**/*.test.ts"],
    globalSetup: "test/cluster/setup.ts",
    // As the release tree runs it; why is said in packages/release/src/layout.ts.
    execArgv: ["--no-maglev"],
    testTimeout: 420_000,
    hookTimeout: 600_000,
    // Every case has pods and a runner of its own.
    maxConcurrency: 6,
  },
});
