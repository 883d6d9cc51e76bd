import { defineConfig } from "vitest/config";

// `npm run test:supply-chain`: real components, fetched once into a cache outside the checkout.
export default defineConfig({
  cacheDir: "build/vitest",
  test: {
    include: ["test/supply-chain/**/*.test.ts"],
    globalSetup: "test/supply-chain/build-tools.ts",
    // As the release tree runs it; why is said in packages/release/src/layout.ts.
    execArgv: ["--no-maglev"],
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
