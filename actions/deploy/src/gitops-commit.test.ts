import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { commitRelease } from "./gitops-commit.ts";

const image = `ghcr.io/org/flights@sha256:${"b".repeat(64)}`;
const manifest = (name: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: search}
spec: {template: {spec: {containers: [{name: server, image: 'old:1'}]}}} # by hand
`;
const workload = (name: string) => ({ apiVersion: "apps/v1", kind: "Deployment", name, namespace: "search" });

let remote: string;
let checkout: string;
const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", ["-C", cwd, ...args])
    .toString()
    .trim();

beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), "ml-actions-gitops-"));
  remote = join(directory, "remote.git");
  checkout = join(directory, "checkout");
  git(directory, "init", "--quiet", "--bare", "-b", "main", remote);
  git(directory, "clone", "--quiet", remote, checkout);
  mkdirSync(join(checkout, "k8s/prod"), { recursive: true });
  writeFileSync(join(checkout, "k8s/prod/flights.yaml"), manifest("flights"));
  writeFileSync(join(checkout, "k8s/all.yml"), `${manifest("hotels")}---\n${manifest("trains")}`);
  writeFileSync(join(checkout, "README.md"), "manifests\n");
  git(checkout, "add", "--all");
  git(checkout, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "first");
  git(checkout, "push", "--quiet", "origin", "HEAD:main");
});

const request = (names: string[]) => ({
  directory: checkout,
  image,
  label: "flights-2",
  workloads: names.map(workload),
  holder: "https://github.com/org/flights/actions/runs/1",
});

describe("a release as a commit", () => {
  it("is pushed to a branch of its own, and changes one line; the checkout stays as it is", async () => {
    const { branch, commit, files, origin } = await commitRelease(request(["flights"]));
    expect(origin.base).toBe(git(checkout, "symbolic-ref", "--short", "HEAD"));
    expect(branch).toBe("ml-actions/flights-bbbbbbbbbbbb");
    expect(files).toEqual(["k8s/prod/flights.yaml"]);
    expect(git(remote, "rev-parse", branch)).toBe(commit);
    expect(git(remote, "rev-parse", `${branch}^`)).toBe(git(remote, "rev-parse", "main"));
    expect(git(remote, "show", `${branch}:k8s/prod/flights.yaml`)).toBe(
      manifest("flights").replace("old:1", image).trim(),
    );
    expect(git(remote, "diff", "--stat", "main", branch)).toMatch(
      /1 file changed, 1 insertion\(\+\), 1 deletion/,
    );
    expect(git(remote, "log", "-1", "--format=%B", branch)).toMatch(
      /^Deploy flights-2\n\nDeployment search\/flights\nghcr[\s\S]*runs\/1$/,
    );
    expect(git(checkout, "status", "--porcelain")).toBe("");
    expect(readFileSync(join(checkout, "k8s/prod/flights.yaml"), "utf8")).toContain("old:1");
  });

  it("holds many resources at once, also in one file", async () => {
    const { branch, files } = await commitRelease(request(["hotels", "trains", "flights"]));
    expect(branch).toBe("ml-actions/3-resources-bbbbbbbbbbbb");
    expect(files).toEqual(["k8s/all.yml", "k8s/prod/flights.yaml"]);
    expect(git(remote, "show", `${branch}:k8s/all.yml`)).not.toContain("old:1");
  });

  it("is none where the manifests say it already, and is not pushed twice", async () => {
    const { branch } = await commitRelease(request(["flights"]));
    await expect(commitRelease(request(["flights"]))).rejects.toThrow(/is there already/);
    git(checkout, "fetch", "--quiet", "origin", branch);
    git(checkout, "merge", "--quiet", "FETCH_HEAD");
    expect(await commitRelease(request(["flights"]))).toMatchObject({ commit: null, files: [] });
  });

  it("is refused outside of a repository, and for what no manifest holds", async () => {
    await expect(commitRelease({ ...request(["flights"]), directory: tmpdir() })).rejects.toThrow(
      /not a git/,
    );
    await expect(commitRelease(request(["planes"]))).rejects.toThrow(/No manifest of this checkout/);
    expect(git(remote, "branch", "--list")).toBe("* main");
  });
});
