/** Real tools built from their Go modules, once a machine: the module proxy and its checksum database are the pins. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "@ml-actions/release/build-lock";
import { cacheFolder, exists, madeOnce } from "./cache.ts";

const run = promisify(execFile);

interface GoTool {
  module: string;
  version: string;
  /** The package of its `main`, inside the module. */
  main: string;
  /** What a cold build took on 2 cores, for the one who waits. */
  minutes: number;
  ldflags?: string;
  environment?: Record<string, string>;
}

export const goTools = {
  crane: {
    module: "github.com/google/go-containerregistry",
    version: "v0.22.1",
    main: "cmd/crane",
    minutes: 1,
  },
  cosign: { module: "github.com/sigstore/cosign/v3", version: "v3.1.3", main: "cmd/cosign", minutes: 5 },
  trivy: {
    module: "github.com/aquasecurity/trivy",
    version: "v0.69.3",
    main: "cmd/trivy",
    minutes: 10,
    ldflags: "-X github.com/aquasecurity/trivy/pkg/version/app.ver=0.69.3",
    environment: { GOEXPERIMENT: "jsonv2" },
  },
  gator: {
    module: "github.com/open-policy-agent/gatekeeper/v3",
    version: "v3.23.1",
    main: "cmd/gator",
    minutes: 2,
  },
  "policy-tester": {
    module: "github.com/sigstore/policy-controller",
    version: "v0.13.1",
    main: "cmd/tester",
    minutes: 3,
  },
  kyverno: {
    module: "github.com/kyverno/kyverno",
    version: "v1.18.2",
    main: "cmd/cli/kubectl-kyverno",
    minutes: 10,
  },
  "envoy-gateway": {
    module: "github.com/envoyproxy/gateway",
    version: "v1.9.1",
    main: "cmd/envoy-gateway",
    minutes: 9,
  },
  "kserve-manager": {
    module: "github.com/kserve/kserve",
    version: "v0.20.0",
    main: "cmd/manager",
    minutes: 8,
  },
  "kserve-agent": { module: "github.com/kserve/kserve", version: "v0.20.0", main: "cmd/agent", minutes: 2 },
} as const satisfies Record<string, GoTool>;

export type GoToolName = keyof typeof goTools;

/** Path of the tool's binary. Rejects with what to do when it cannot be built. */
export async function goTool(name: GoToolName): Promise<string> {
  const tool: GoTool = goTools[name];
  const folder = await folderOf(name);
  return madeOnce(join(folder, name), () => oneBuildAtATime(() => build(name, tool, folder)));
}

/** What building it takes on 2 cores; 0 where that was done. */
export async function minutesToBuildTool(name: GoToolName): Promise<number> {
  return (await exists(join(await folderOf(name), name))) ? 0 : goTools[name].minutes;
}

const folderOf = (name: GoToolName) => cacheFolder("go", `${name}-${goTools[name].version}`);

/** Two at once take the memory of both, and no less time. */
export async function oneBuildAtATime(build: () => Promise<void>): Promise<void> {
  return withLock(join(await cacheFolder("go"), "build.lock"), build);
}

/** The folder of the tool's module, with all that its authors released: charts, manifests. Nobody may write to it. */
export async function goSource(name: keyof typeof goTools): Promise<string> {
  const { module, version } = goTools[name];
  const { stdout } = await run("go", ["mod", "download", "-json", `${module}@${version}`], {
    cwd: await cacheFolder("go"),
    env: { ...process.env, GOFLAGS: "-mod=mod" },
  });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

async function build(name: string, tool: GoTool, folder: string): Promise<void> {
  console.error(
    `building ${name} ${tool.version} from its Go module into ${folder} (once a machine, up to ${tool.minutes} min on 2 cores; to do without it, leave out the suite that asks for it) …`,
  );
  const began = Date.now();
  const work = await mkdtemp(join(folder, "build-"));
  try {
    await buildIn(work, tool);
    await rename(join(work, "built"), join(folder, name));
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().slice(-2000) || (cause as Error).message;
    throw new Error(
      `this suite needs ${name} ${tool.version}, which cannot be built: ${said}\nInstall Go 1.24 or newer and reach the Go module proxy, or put the binary at ${join(folder, name)}.`,
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  console.error(`built ${name} in ${Math.round((Date.now() - began) / 1000)} s`);
}

/** In a module of our own that repeats the tool's `replace` lines: `go install module@version` refuses a module that
 * has any. */
async function buildIn(work: string, tool: GoTool): Promise<void> {
  const environment = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod", ...tool.environment };
  const go = async (...args: string[]) =>
    (await run("go", args, { cwd: work, env: environment, maxBuffer: 2 ** 26 })).stdout;
  await writeFile(join(work, "go.mod"), "module tests.example/tool\n");
  const downloaded = JSON.parse(await go("mod", "download", "-json", `${tool.module}@${tool.version}`));
  const manifest = JSON.parse(await go("mod", "edit", "-json", downloaded.GoMod)) as GoMod;
  await writeFile(join(work, "go.mod"), moduleFile(tool, manifest));
  // What the tool's own authors saw: a module that the checksum database has lost is still known by it. Copied as text,
  // since files of the module cache are read-only.
  await writeFile(join(work, "go.sum"), await readFile(join(downloaded.Dir, "go.sum")));
  await mkdir(join(work, "out"));
  const ldflags = ["-s", "-w", tool.ldflags ?? ""].join(" ").trim();
  await go(
    "build",
    "-trimpath",
    "-ldflags",
    ldflags,
    "-o",
    join("out", basename(tool.main)),
    `${tool.module}/${tool.main}`,
  );
  await rename(join(work, "out", basename(tool.main)), join(work, "built"));
}

interface GoMod {
  Go?: string;
  Require: { Path: string; Version: string }[] | null;
  Replace: { Old: { Path: string; Version?: string }; New: { Path: string; Version?: string } }[] | null;
}

function moduleFile(tool: GoTool, { Go = "1.24", Require, Replace }: GoMod): string {
  const at = ({ Path, Version }: { Path: string; Version?: string }) =>
    Version === undefined ? Path : `${Path} ${Version}`;
  // A replacement by a folder is for the tool's own checkout, and means nothing here.
  const replacements = (Replace ?? []).filter(({ New }) => New.Version !== undefined);
  return [
    "module tests.example/tool",
    `go ${Go}`,
    `require ${tool.module} ${tool.version}`,
    ...(Require ?? []).map((required) => `require ${at(required)}`),
    ...replacements.map(({ Old, New }) => `replace ${at(Old)} => ${at(New)}`),
    "",
  ].join("\n");
}
