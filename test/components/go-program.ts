/** Programs of ours in Go, below `go/`, built once a machine for each state of their source. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, exists, madeOnce } from "./cache.ts";
import { oneBuildAtATime } from "./go-tool.ts";

const run = promisify(execFile);

interface GoProgram {
  /** What a cold build took on 2 cores, for the one who waits. */
  minutes: number;
  ldflags?: string;
  /** Folder of its module below `go/`: its own name unless told otherwise. */
  source?: string;
  /** Its `main`, where that is not the module's own but one that it requires as a `tool`. */
  main?: string;
}

const version = "v1.34.4";

export const goPrograms = {
  /** All that runs a cluster, and CoreDNS: which of them it is, its own name says. */
  kubernetes: {
    minutes: 17,
    ldflags: ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
      .map((name) => `-X ${name}.gitVersion=${version}`)
      .join(" "),
  },
  /** Renders charts. */
  helm: { minutes: 2 },
  pause: { minutes: 1 },
  ...knative("controller"),
  ...knative("webhook"),
  ...knative("autoscaler"),
  ...knative("activator"),
  ...knative("queue"),
  ...istio("pilot-discovery", 4),
  ...istio("pilot-agent", 2),
} as const satisfies Record<string, GoProgram>;

/** Knative Serving, in the module graph of the KServe that uses it: its own cannot be had from the proxy. */
function knative<Name extends string>(name: Name) {
  const program: GoProgram = { minutes: 1, source: "knative", main: `knative.dev/serving/cmd/${name}` };
  return { [`knative-${name}`]: program } as Record<`knative-${Name}`, GoProgram>;
}

function istio<Name extends string>(name: Name, minutes: number) {
  const program: GoProgram = { minutes, source: "istio", main: `istio.io/istio/pilot/cmd/${name}` };
  return { [name]: program } as Record<Name, GoProgram>;
}

export type GoProgramName = keyof typeof goPrograms;

/** Path of the program. Rejects with what to do when it cannot be built. */
export async function goProgram(name: GoProgramName): Promise<string> {
  const { source, folder } = await placeOf(name);
  return madeOnce(join(folder, name), () => oneBuildAtATime(() => build(name, source, folder)));
}

/** What building it takes on 2 cores; 0 where that was done. */
export async function minutesToBuildProgram(name: GoProgramName): Promise<number> {
  const { folder } = await placeOf(name);
  return (await exists(join(folder, name))) ? 0 : goPrograms[name].minutes;
}

async function placeOf(name: GoProgramName): Promise<{ source: string; folder: string }> {
  const { ldflags = "", ...program }: GoProgram = goPrograms[name];
  const source = join(import.meta.dirname, "go", program.source ?? name);
  const hash = createHash("sha256").update(ldflags);
  for (const file of (await readdir(source)).sort()) hash.update(await readFile(join(source, file)));
  const folder = await cacheFolder("go", `${name}-${hash.digest("hex").slice(0, 16)}`);
  return { source, folder };
}

async function build(name: GoProgramName, source: string, folder: string): Promise<void> {
  const { minutes, ldflags = "", main = "." }: GoProgram = goPrograms[name];
  console.error(
    `building ${name} from its Go modules into ${folder} (once a machine, up to ${minutes} min on 2 cores; to do without it, leave out the suite that asks for it) …`,
  );
  const beganMs = performance.now();
  const work = await mkdtemp(join(folder, "build-"));
  try {
    const flags = ["-trimpath", `-ldflags=${["-s", "-w", ldflags].join(" ").trim()}`];
    await run("go", ["build", ...flags, "-o", join(work, "built"), main], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
      maxBuffer: 2 ** 26,
    });
    await rename(join(work, "built"), join(folder, name));
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().slice(-2000) || (cause as Error).message;
    throw new Error(
      `this suite needs ${name}, which cannot be built: ${said}\nInstall Go 1.24 or newer and reach the Go module proxy, or put the binary at ${join(folder, name)}.`,
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  console.error(`built ${name} in ${Math.round((performance.now() - beganMs) / 1000)} s`);
}

/** Folder of a module's source, of the version that the program's own module asks for. */
export async function goModule(source: string, module: string): Promise<string> {
  const { stdout } = await run("go", ["mod", "download", "-json", module], {
    cwd: join(import.meta.dirname, "go", source),
    env: { ...process.env, GOFLAGS: "-mod=readonly" },
  });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
