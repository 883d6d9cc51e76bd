/** Debian's docker-registry on a port of 127.0.0.1. What it holds stays in the cache when the lab goes: images are pushed
 * once a machine. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../components/cache.ts";
import { debianTool } from "../../components/debian-tool.ts";
import type { Part, Site } from "../part.ts";
import { controlPlane, labDirectory } from "../place.ts";

const { daemons } = controlPlane;
const hostFile = join(labDirectory, "registry");

/** `host:port`; empty before the registry has run. */
export const registryHost = () => readFile(hostFile, "utf8").catch(() => "");

const answers = async () => (await fetch(`http://${await registryHost()}/v2/`)).ok;

async function up(_site: Site): Promise<void> {
  const program = await debianTool("docker-registry", "usr/bin/docker-registry");
  await mkdir(labDirectory, { recursive: true, mode: 0o700 });
  // Once chosen the port stays: it stands in the names of images.
  const before = await registryHost();
  const config = {
    version: 0.1,
    log: { level: "info", formatter: "json", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: await cacheFolder("lab", "registry") },
      delete: { enabled: true },
    },
    http: { addr: before || "127.0.0.1:0" },
  };
  const file = join(labDirectory, "registry.yml");
  // YAML holds JSON.
  await writeFile(file, JSON.stringify(config));
  await daemons.start("registry", [program, "serve", file]);
  await daemons.until("registry", async () => {
    if (before === "") {
      const host = /listening on (127\.0\.0\.1:\d+)/.exec(
        await readFile(daemons.log("registry"), "utf8"),
      )?.[1];
      if (host === undefined) return false;
      await writeFile(hostFile, host);
    }
    return answers();
  });
}

export const registry: Part = {
  name: "registry",
  what: "images for the cluster",
  needs: [],
  programs: [],
  up,
  async status({ own, registry: given }) {
    if (!own) return { up: given !== "", where: given || "no LAB_REGISTRY" };
    const host = await registryHost();
    return { up: await answers().catch(() => false), where: host };
  },
  down: () => daemons.stop("registry"),
};
