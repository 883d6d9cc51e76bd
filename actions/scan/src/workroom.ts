/** The scanner's own room: a private directory as its home, an environment that holds what it needs and no secret. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "@ml-actions/oci/docker-config";

export interface Workroom {
  directory: string;
  environment: Readonly<Record<string, string>>;
}

/** What a scanner may know of the runner: how to find programs, the network and its certificates. A list of what may
 * pass, since nobody can list what is secret. */
const passedOn = [
  "PATH",
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR"],
  // By this the runner knows what to end when a step was killed (JobExtension.cs of actions/runner).
  "RUNNER_TRACKING_ID",
] as const;

/** Readable by this user alone; `removeWorkroom` it when done. */
export async function openWorkroom(from: NodeJS.ProcessEnv = process.env): Promise<Workroom> {
  // mkdtemp gives 0700.
  const directory = await mkdtemp(join(from.RUNNER_TEMP || tmpdir(), "ml-actions-scan-"));
  const home = join(directory, "home");
  // Trivy reads trivy.yaml and .trivyignore of the directory that it runs in: this one has none.
  for (const name of ["home/docker", "tmp", "run"]) await mkdir(join(directory, name), { recursive: true });
  const known = passedOn.flatMap((name) => (from[name] ? [[name, from[name]] as const] : []));
  return {
    directory,
    environment: {
      ...Object.fromEntries(known),
      HOME: home,
      DOCKER_CONFIG: join(home, "docker"),
      TMPDIR: join(directory, "tmp"),
    },
  };
}

export async function removeWorkroom(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

/** Lets the scanner into one registry, and no other that this user may have logged in to. */
export async function giveCredentials(
  { environment }: Workroom,
  registry: string,
  credentials: Credentials,
): Promise<void> {
  const key = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  const entry =
    "identityToken" in credentials
      ? { identitytoken: credentials.identityToken }
      : { auth: Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64") };
  const config = JSON.stringify({ auths: { [key]: entry } });
  await writeFile(join(environment.DOCKER_CONFIG as string, "config.json"), config, { mode: 0o600 });
}

/** Takes them back. */
export async function takeCredentials({ environment }: Workroom): Promise<void> {
  await rm(join(environment.DOCKER_CONFIG as string, "config.json"), { force: true });
}
