import { defineConfig } from "vitest/config";

export default defineConfig({
  // Not in node_modules, which `npm ci` empties and must find quiet.
  cacheDir: "build/vitest",
  test: {
    include: ["packages/**/*.test.ts", "actions/**/*.test.ts", "test/**/*.test.ts"],
    // The heavier suites bring real components of their own and have scripts of their own.
    exclude: ["**/node_modules/**", "build/**", "test/{chaos,cluster,supply-chain,workflows}/**"],
    // As the release tree runs it; why is said in packages/release/src/layout.ts.
    execArgv: ["--no-maglev"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
