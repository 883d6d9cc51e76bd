/** The sample as a release tree, built as the suite is. */
import { resolve } from "node:path";
import { releaseTree, type Sources } from "@ml-actions/release";

export const sampleSources: Sources = {
  root: resolve(import.meta.dirname, "../../.."),
  actions: "test/runner/sample/actions",
  programs: {
    supervisor: "test/runner/sample/programs/supervisor.ts",
    server: "test/runner/sample/programs/server.ts",
    inference: "test/runner/sample/programs/inference.ts",
  },
};

export const sampleTree = (): Promise<string> => releaseTree(sampleSources);
