/** Who builds: each puts the model and its contract onto the base, with the same labels, and pushes it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { debianEnvironment, debianRoot } from "../../components/debian-tool.ts";
import { goTool } from "../../components/go-tool.ts";
import { startJob } from "../../runner/runner.ts";
import type { ModelFiles } from "./models.ts";
import { platform, type Room } from "./room.ts";

export interface Contender {
  name: string;
  ours: boolean;
  /** Builds and pushes; the seconds that took, on the contender's own terms. `repository` is where it went. */
  build(model: ModelFiles, run: number): Promise<number>;
  repository: string;
  tag(run: number): string;
  /** Takes away what it keeps on this machine. */
  close(): Promise<void>;
}

const run = promisify(execFile);
const nothing = async () => {};

const labels = {
  "org.opencontainers.image.title": "flights",
  "org.opencontainers.image.version": "1.4",
  "org.opencontainers.image.source": "https://example.com/flights",
  "org.opencontainers.image.revision": "0123456789abcdef",
};
const environment = { MODEL_URI: "/model/flights.onnx", NODE_ENV: "production" };

/** The library, in a process that has loaded it. */
export function library(room: Room): Contender {
  const tag = (number: number) => `run-${number}`;
  return {
    name: "buildImage",
    ours: true,
    build: async (model, number) => (await room.buildOurs(model, tag(number))).seconds,
    repository: `${room.host}/ours`,
    tag,
    close: nothing,
  };
}

/** The built action as the runner starts it, to the end of its process. Unlike the others it also loads the model, asks it
 * the contract's probe, and writes provenance and SBOM. */
export function action(room: Room): Contender {
  const job = startJob({ tree: room.tree });
  const tag = (number: number) => `1.4.${number}-ffac537e6cbb`;
  return {
    name: "action build, whole",
    ours: true,
    async build(model, number) {
      const inputs = {
        model: model.path,
        contract: model.contract,
        name: "action",
        version: "1.4",
        base: room.base,
        registry: room.host,
        platforms: platform,
      };
      const env = { GITHUB_RUN_NUMBER: String(number) };
      const done = await job.run({ action: "build", inputs, env });
      if (done.exitCode !== 0) throw new Error(`build failed:\n${done.log}`);
      return done.durationMs / 1000;
    },
    repository: `${room.host}/action`,
    tag,
    close: async () => {
      await job.end();
    },
  };
}

/** `crane append` of a tar made for it, and `crane mutate` for the labels. */
export async function crane(room: Room): Promise<Contender> {
  const program = await goTool("crane");
  const repository = `${room.host}/crane`;
  const tag = (number: number) => `run-${number}`;
  return {
    name: "crane append + mutate",
    ours: false,
    async build(model, number) {
      const image = `${repository}:${tag(number)}`;
      const tar = join(dirname(model.path), "layer.tar");
      return seconds(async () => {
        await run("tar", [
          ...["--owner=0", "--group=0", "--mtime=@0", "--sort=name", "--transform=s,^,model/,"],
          ...["-C", dirname(model.path), "-cf", tar, basename(model.path), basename(model.contract)],
        ]);
        await run(program, ["append", "-b", room.served, "-f", tar, "-t", image]);
        await run(program, [
          ...["mutate", image, "-t", image],
          ...pairs("--label", labels),
          ...pairs("--env", environment),
        ]);
      });
    },
    repository,
    tag,
    close: nothing,
  };
}

/** As root without a user namespace, on overlayfs, straight from the container into the registry: its fastest way. The base
 * is in its store before. */
export async function buildah(room: Room): Promise<Contender> {
  if (process.getuid?.() !== 0)
    throw new Error("buildah needs root here; without it run `npm run bench -- image --no-peers`");
  const root = await debianRoot(["buildah"]);
  const store = await mkdtemp(join(room.directory, "buildah-"));
  const configuration = join(root, "etc/containers");
  const env = {
    ...debianEnvironment(root),
    HOME: store,
    BUILDAH_ISOLATION: "chroot",
    CONTAINERS_REGISTRIES_CONF: join(configuration, "registries.conf"),
  };
  const globals = [
    ...["--root", join(store, "root"), "--runroot", join(store, "run"), "--storage-driver", "overlay"],
  ];
  const command = (...args: string[]) => run("buildah", [...globals, ...args], { env });
  const policy = ["--signature-policy", join(configuration, "policy.json")];
  const repository = `${room.host}/buildah`;
  const tag = (number: number) => `run-${number}`;
  await command("pull", ...policy, "--tls-verify=false", `docker://${room.served}`);
  return {
    name: "buildah from … commit",
    ours: false,
    async build(model, number) {
      const container = `work-${number}`;
      return seconds(async () => {
        await command("from", ...policy, "--pull-never", "--name", container, room.served);
        await command("copy", "--chown", "0:0", container, model.path, model.contract, "/model/");
        await command(...["config", ...pairs("--label", labels), ...pairs("--env", environment), container]);
        await command(
          ...["commit", ...policy, "--tls-verify=false", "--disable-compression", "--timestamp", "0", "--rm"],
          ...["--quiet", container, `docker://${repository}:${tag(number)}`],
        );
      });
    },
    repository,
    tag,
    async close() {
      const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
        .split("\n")
        .map((line) => line.split(" ")[4] ?? "")
        .filter((point) => point.startsWith(`${store}/`));
      for (const mount of mounts.reverse()) await run("umount", ["--lazy", mount]);
      await rm(store, { recursive: true, force: true });
    },
  };
}

function pairs(option: string, values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`]);
}

async function seconds(body: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await body();
  return (performance.now() - startedMs) / 1000;
}
