import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Log } from "@ml-actions/action-kit/action";
import { afterEach, describe, expect, it, vi } from "vitest";
import { buildxStandIn } from "../../../test/components/buildx-stand-in.ts";
import { type BuildxRequest, buildxArguments, runBuildx } from "./buildx.ts";

const lines: string[] = [];
const log = { info: (line: string) => lines.push(line) } as unknown as Log;
const signal = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
  lines.length = 0;
});

async function request(dockerfile: string, folder = "image"): Promise<BuildxRequest> {
  const context = await mkdtemp(join(tmpdir(), "ml-actions-buildx-"));
  await writeFile(join(context, "Dockerfile"), dockerfile);
  return {
    dockerfile: join(context, "Dockerfile"),
    context,
    platforms: ["linux/amd64", "linux/arm64"],
    layout: join(context, folder),
    metadata: join(context, "metadata.json"),
  };
}

async function withStandIn() {
  const { path, seen } = await buildxStandIn();
  vi.stubEnv("PATH", `${path}${delimiter}${process.env.PATH}`);
  return seen;
}

describe("docker buildx build", () => {
  it("gives the digest of what it wrote, and what it fetched for it", async () => {
    await withStandIn();
    const asked = await request("FROM node:24\n");
    const { digest, materials } = await runBuildx(asked, { log, signal });
    const index = JSON.parse(await readFile(join(asked.layout, "index.json"), "utf8"));
    expect(index.manifests[0].digest).toBe(digest);
    expect(materials).toEqual([
      { uri: expect.stringMatching(/^pkg:docker\/node@24/), digest: { sha256: "5".repeat(64) } },
    ]);
    expect(lines).toContain("#4 [1/1] FROM node:24");
  });

  it("takes a folder whose name would end a field of --output", async () => {
    await withStandIn();
    const asked = await request("FROM node:24\n", 'a,push=true"; rm -rf $(id)');
    await runBuildx(asked, { log, signal });
    expect(JSON.parse(await readFile(join(asked.layout, "oci-layout"), "utf8"))).toBeTruthy();
    expect(buildxArguments(asked)[4]).toMatch(/^--output=type=oci,tar=false,"dest=.*""; rm/);
  });

  it("gets no secret of the job", async () => {
    const seen = await withStandIn();
    vi.stubEnv("INPUT_PASSWORD", "s3cret");
    vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cret");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s3cret");
    vi.stubEnv("DOCKER_CONFIG", "/docker");
    await runBuildx(await request("FROM node:24\n"), { log, signal });
    const { variables } = JSON.parse(await readFile(seen, "utf8"));
    expect(variables).toContain("DOCKER_CONFIG");
    expect(variables.filter((name: string) => /INPUT|TOKEN|SECRET/.test(name))).toEqual([]);
  });

  it("that fails is told with its last words", async () => {
    await withStandIn();
    await expect(
      runBuildx(await request("FROM node:24\nRUN exit 7\n"), { log, signal }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(
        /ended with exit code 1:\n[\s\S]*did not complete successfully: exit code: 7/,
      ),
      remedy: expect.stringMatching(/Mend the Dockerfile/),
    });
  });

  it.each([
    ["docker: unknown command: docker buildx", /Install buildx/],
    ["ERROR: OCI exporter is not supported for the docker driver.", /run docker\/setup-buildx-action before/],
  ])("that cannot be is told with what to set up: %s", async (words, remedy) => {
    const path = await mkdtemp(join(tmpdir(), "ml-actions-docker-"));
    await writeFile(join(path, "docker"), `#!/bin/sh\necho "${words}" >&2\nexit 1\n`, { mode: 0o755 });
    vi.stubEnv("PATH", `${path}${delimiter}${process.env.PATH}`);
    await expect(runBuildx(await request("FROM x"), { log, signal })).rejects.toMatchObject({
      remedy: expect.stringMatching(remedy),
    });
  });

  it("that says nothing of what it built is no success", async () => {
    const path = await mkdtemp(join(tmpdir(), "ml-actions-docker-"));
    await writeFile(join(path, "docker"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    vi.stubEnv("PATH", `${path}${delimiter}${process.env.PATH}`);
    await expect(runBuildx(await request("FROM x"), { log, signal })).rejects.toThrow(
      /does not say what it built/,
    );
  });

  it("needs a docker", async () => {
    vi.stubEnv("PATH", "/nowhere");
    await expect(runBuildx(await request("FROM x"), { log, signal })).rejects.toMatchObject({
      message: "dockerfile: there is no program `docker` on the PATH",
      remedy: expect.stringMatching(/leave `dockerfile` out/),
    });
  });

  it("ends with the job", async () => {
    const path = await mkdtemp(join(tmpdir(), "ml-actions-docker-"));
    await writeFile(join(path, "docker"), "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
    vi.stubEnv("PATH", `${path}${delimiter}${process.env.PATH}`);
    const job = new AbortController();
    const running = runBuildx(await request("FROM x"), { log, signal: job.signal });
    setTimeout(() => job.abort(new DOMException("cancelled", "AbortError")), 100);
    await expect(running).rejects.toThrow("cancelled");
  });
});
