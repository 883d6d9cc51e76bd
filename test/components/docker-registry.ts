/** Debian's docker-registry (distribution 2.8) on a port of the system's choice, and pushing to it by hand. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianTool } from "./debian-tool.ts";

export interface RunningRegistry {
  /** `127.0.0.1:<port>`. */
  host: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 20_000;

/** `auth` and `http`: those sections of the registry's configuration. */
export async function startRegistry(
  auth: Record<string, unknown> = {},
  http: Record<string, unknown> = {},
): Promise<RunningRegistry> {
  const program = await debianTool("docker-registry", "usr/bin/docker-registry");
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-registry-"));
  const config = {
    version: 0.1,
    log: { level: "info", formatter: "json", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, "data") } },
    http: { addr: "127.0.0.1:0", ...http },
    ...(Object.keys(auth).length > 0 && { auth }),
  };
  // YAML holds JSON.
  await writeFile(join(directory, "config.yml"), JSON.stringify(config));
  const child = spawn(program, ["serve", join(directory, "config.yml")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    return { host: await listeningAddress(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listeningAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (why: string) => reject(new Error(`docker-registry ${why}; it said:\n${said.slice(-2000)}`));
    setTimeout(() => fail(`does not listen after ${startTimeoutMs} ms`), startTimeoutMs).unref();
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code) => fail(`ended with ${code}`));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Pushes files as an artifact, one titled layer each, with plain requests; gives the manifest's digest. */
export async function pushArtifact(
  host: string,
  repository: string,
  files: Record<string, Uint8Array>,
  { tag, authorization }: { tag: string; authorization?: string },
): Promise<string> {
  const headers = authorization === undefined ? {} : { authorization };
  const base = `http://${host}/v2/${repository}`;
  const put = async (url: string, body: Uint8Array | string, type: string) => {
    const response = await fetch(url, {
      method: "PUT",
      body: Buffer.from(body),
      headers: { ...headers, "content-type": type },
    });
    if (!response.ok) throw new Error(`PUT ${url}: ${response.status} ${await response.text()}`);
  };
  const pushBlob = async (bytes: Uint8Array | string) => {
    const response = await fetch(`${base}/blobs/uploads/`, { method: "POST", headers });
    if (response.status !== 202) throw new Error(`POST ${base}/blobs/uploads/: ${response.status}`);
    const place = new URL(response.headers.get("location") ?? "", base);
    place.searchParams.set("digest", sha256(bytes));
    await put(place.href, bytes, "application/octet-stream");
    return { digest: sha256(bytes), size: Buffer.from(bytes).byteLength };
  };
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...(await pushBlob("{}")) };
  const layers = [];
  for (const [title, bytes] of Object.entries(files)) {
    const annotations = { "org.opencontainers.image.title": title };
    layers.push({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      ...(await pushBlob(bytes)),
      annotations,
    });
  }
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers });
  await put(`${base}/manifests/${tag}`, manifest, mediaType);
  return sha256(manifest);
}
