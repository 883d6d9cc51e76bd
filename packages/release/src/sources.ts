/** What the release tree is made of, and a hash of it: equal hash, equal tree. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";

export interface Sources {
  /** The checkout. */
  root: string;
  /** Folder of the actions, relative to the root. */
  actions: string;
  /** The programs of their own, by name → source relative to the root. */
  programs: Record<"supervisor" | "server" | "inference", string>;
  /** Source of the guard's program: the tree gets `guard/`, that program in one file. */
  guard?: string;
  /** The same of the mirroring proxy's: `mirror/`. Where there is a guard. */
  mirror?: string;
  /** Programs for people, each in a folder of its own: `node replay FILE`. */
  tools?: Record<string, string>;
  /** The tree gets `image/`, what goes into images of models. */
  image?: boolean;
}

/** The suite itself. */
export function suiteSources(root = resolve(import.meta.dirname, "../../..")): Sources {
  return {
    root,
    actions: "actions",
    programs: {
      supervisor: "packages/rollout/src/local/supervisor.ts",
      server: "packages/serving/src/programs/server.ts",
      inference: "packages/serving/src/programs/inference.ts",
    },
    guard: "packages/rollout/src/kubernetes/guard-program.ts",
    mirror: "packages/rollout/src/kubernetes/mirror-proxy-program.ts",
    image: true,
    tools: {
      policies: "actions/verify/src/policies.ts",
      replay: "packages/evidence/src/programs/replay.ts",
    },
  };
}

/** Hash of what the bundle follows from: all code but tests, the manifests and the lock file. */
export async function codeHash(sources: Sources): Promise<string> {
  const packages = (await filesUnder(sources.root, "packages")).filter(
    (path) => /^packages\/[^/]+\/(src\/|package\.json$)/.test(path) && !path.endsWith(".md"),
  );
  const actions = (await filesUnder(sources.root, sources.actions)).filter((path) => path.endsWith(".ts"));
  const fixed = [
    "package-lock.json",
    "tsconfig.json",
    ...Object.values({ ...sources.programs, ...sources.tools }),
  ];
  return hashOf(sources.root, [...packages, ...actions, ...fixed].filter(isNoTest));
}

/** Hash of what the tree adds to the bundle. */
export async function layoutHash(sources: Sources, paths: readonly string[]): Promise<string> {
  const folders = await Promise.all(paths.map((path) => filesUnder(sources.root, path)));
  return hashOf(sources.root, folders.flat());
}

const isNoTest = (path: string): boolean => !path.endsWith(".test.ts");

async function hashOf(root: string, paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [...new Set(paths)].sort()) {
    if (!existsSync(join(root, path))) continue;
    hash
      .update(`${path}\0`)
      .update(await readFile(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/** Paths relative to the root of a file or of all files under a folder; installed and built files are none. */
async function filesUnder(root: string, path: string): Promise<string[]> {
  const start = join(root, path);
  if (!existsSync(start)) return [];
  const entries = await readdir(start, { withFileTypes: true, recursive: true }).catch(() => undefined);
  if (entries === undefined) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|build)\//.test(file));
}
