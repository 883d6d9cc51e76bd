/** Programs of ours in Go, below `go/`, built once a machine for each state of their source. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, madeOnce } from "./cache.ts";

const run = promisify(execFile);

interface GoProgram {
  /** What a cold build took on 2 cores, for the one who waits. */
  minutes: number;
  ldflags?: string;
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
  pause: { minutes: 1 },
} as const satisfies Record<string, GoProgram>;

/** Path of the program. Rejects with what to do when it cannot be built. */
export async function goProgram(name: keyof typeof goPrograms): Promise<string> {
  const source = join(import.meta.dirname, "go", name);
  const { minutes, ldflags = "" }: GoProgram = goPrograms[name];
  const hash = createHash("sha256").update(ldflags);
  for (const file of (await readdir(source)).sort()) hash.update(await readFile(join(source, file)));
  const folder = await cacheFolder("go", `${name}-${hash.digest("hex").slice(0, 16)}`);
  return madeOnce(join(folder, name), async () => {
    console.error(
      `building ${name} from its Go modules into ${folder} (once a machine, up to ${minutes} min on 2 cores; to do without it, leave out the suite that asks for it) …`,
    );
    const beganMs = performance.now();
    const work = await mkdtemp(join(folder, "build-"));
    try {
      const flags = ["-trimpath", `-ldflags=${["-s", "-w", ldflags].join(" ").trim()}`];
      await run("go", ["build", ...flags, "-o", join(work, "built"), "."], {
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
  });
}
