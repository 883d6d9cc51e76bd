/** The way out where a GitOps tool keeps the resource: the release goes into the manifests of this checkout, as a commit
 * on a branch of its own, pushed. Work tree and index stay as they are. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getExecOutput } from "@actions/exec";
import { UserError } from "@ml-actions/action-kit/action";
import { findImage, type Manifest, type Wanted, withImage } from "@ml-actions/rollout/gitops-commit";
import { type Origin, originOf } from "./gitops-origin.ts";

export interface CommitRequest {
  /** The checkout: any directory of it. */
  directory: string;
  /** By digest; of a model that KServe loads, its address. */
  image: string;
  label: string;
  /** What runs the release: one each resource. */
  workloads: readonly Wanted[];
  /** For the message: who asks for it. */
  holder: string;
}

export interface Committed {
  branch: string;
  /** `null`: the manifests say that image already. */
  commit: string | null;
  files: string[];
  /** Where it was pushed to, as far as the checkout tells. */
  origin: Origin;
}

/** A manifest of a person is far smaller. */
const largestFileBytes = 1024 * 1024;

/** @throws UserError, RolloutError: nothing was pushed */
export async function commitRelease(request: CommitRequest): Promise<Committed> {
  const git = await gitIn(request.directory);
  const manifests = await manifestsOf(git);
  const changed = changedManifests(manifests, request);
  const files = [...changed.keys()];
  const branch = branchOf(request);
  const origin = await originOf(git);
  if (files.length === 0) return { branch, commit: null, files, origin };
  const commit = await write(git, changed, messageOf(request, files));
  await push(git, commit, branch);
  return { branch, commit, files, origin };
}

export interface Git {
  root: string;
  /** @returns what it wrote to stdout; UserError with what it wrote to stderr when it fails */
  run(args: readonly string[], options?: { input?: Buffer }): Promise<string>;
}

async function gitIn(directory: string): Promise<Git> {
  const run = async (cwd: string, args: readonly string[], input?: Buffer) => {
    const { stdout, stderr, exitCode } = await getExecOutput("git", ["-C", cwd, ...args], {
      silent: true,
      ignoreReturnCode: true,
      ...(input === undefined ? {} : { input }),
    });
    if (exitCode === 0) return stdout;
    throw new UserError(`git ${args[0]} ended with ${exitCode}: ${stderr.trim().slice(0, 500)}`, {
      remedy:
        "Check out the repository with the manifests before this step, with a token that may push (permission `contents: write`).",
    });
  };
  const root = (await run(directory, ["rev-parse", "--show-toplevel"])).trim();
  return { root, run: (args, { input } = {}) => run(root, args, input) };
}

async function manifestsOf(git: Git): Promise<Manifest[]> {
  const paths = (await git.run(["ls-files", "-z", "--", "*.yaml", "*.yml"])).split("\0").filter(Boolean);
  const read = paths.map(async (path) => ({ path, text: await readFile(join(git.root, path), "utf8") }));
  return (await Promise.all(read)).filter(({ text }) => text.length <= largestFileBytes);
}

/** Several resources may be written in one file. */
function changedManifests(
  manifests: readonly Manifest[],
  { workloads, image }: CommitRequest,
): Map<string, string> {
  const now = new Map(manifests.map((manifest) => [manifest.path, manifest]));
  const changed = new Map<string, string>();
  for (const wanted of workloads) {
    const found = findImage([...now.values()], wanted);
    if (found.image === image) continue;
    if (isAddress(found.image) !== isAddress(image))
      throw new UserError(
        `gitops: ${found.path} says ${found.image}, and the candidate is ${image}: one is a model that KServe loads, the other an image.`,
        { remedy: "Give a candidate of the kind that the manifest has, or change the manifest first." },
      );
    const text = withImage(now.get(found.path) as Manifest, found, image);
    now.set(found.path, { path: found.path, text });
    changed.set(found.path, text);
  }
  return changed;
}

/** Of a model; a reference of an image has no scheme. */
const isAddress = (written: string) => written.includes("://");

/** A tree of HEAD with those files in it, made without the index of the checkout. */
async function write(git: Git, changed: ReadonlyMap<string, string>, message: string): Promise<string> {
  const entries = new Map<string, string>();
  for (const [path, text] of changed) {
    const blob = await git.run(["hash-object", "-w", "--stdin"], { input: Buffer.from(text) });
    entries.set(path, blob.trim());
  }
  const tree = await treeWith(git, "HEAD^{tree}", entries);
  const author = ["-c", "user.name=ml-actions", "-c", "user.email=ml-actions@users.noreply.github.com"];
  return (await git.run([...author, "commit-tree", tree, "-p", "HEAD", "-m", message])).trim();
}

/** Folder by folder: `git mktree` takes what `git ls-tree` gives. */
async function treeWith(git: Git, tree: string, blobs: ReadonlyMap<string, string>): Promise<string> {
  const listed = (await git.run(["ls-tree", "-z", tree])).split("\0").filter(Boolean);
  const lines: string[] = [];
  for (const line of listed) {
    const [facts = "", name = ""] = line.split("\t");
    const [mode, type, object = ""] = facts.split(" ");
    const inside = new Map(
      [...blobs]
        .filter(([path]) => path.startsWith(`${name}/`))
        .map(([path, blob]) => [path.slice(name.length + 1), blob]),
    );
    const own = blobs.get(name);
    const next = type === "tree" && inside.size > 0 ? await treeWith(git, object, inside) : (own ?? object);
    lines.push(`${mode} ${type} ${next}\t${name}\0`);
  }
  return (await git.run(["mktree", "-z"], { input: Buffer.from(lines.join("")) })).trim();
}

async function push(git: Git, commit: string, branch: string): Promise<void> {
  const there = (await git.run(["ls-remote", "--heads", "origin", branch])).trim();
  if (there !== "") {
    throw new UserError(`The branch ${branch} is there already, from an earlier run.`, {
      remedy: "Merge it, or delete it and run this again.",
    });
  }
  await git.run(["push", "--quiet", "origin", `${commit}:refs/heads/${branch}`]);
}

function branchOf({ image, workloads }: CommitRequest): string {
  const [first] = workloads;
  const who = workloads.length === 1 ? (first as Wanted).name : `${workloads.length}-resources`;
  return `ml-actions/${who}-${image.slice(image.indexOf("@sha256:") + 8).slice(0, 12)}`;
}

function messageOf({ label, image, workloads, holder }: CommitRequest, files: readonly string[]): string {
  const what = workloads.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`).join(", ");
  return `Deploy ${label.replace(/\s+/g, " ").slice(0, 60)}\n\n${what}\n${image}\nFiles: ${files.join(", ")}\nBy: ${holder}\n`;
}
