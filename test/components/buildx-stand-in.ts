/**
 * A `docker` for machines without Docker: takes `buildx build` with the flags that buildx documents, refuses every other,
 * and writes what BuildKit's OCI exporter would: an image layout with an index, or one manifest for one platform. Of a
 * Dockerfile it understands FROM, ENV, ENTRYPOINT, LABEL, and `RUN exit N`.
 *
 * https://docs.docker.com/reference/cli/docker/buildx/build/, https://docs.docker.com/build/exporters/oci-docker/
 */
import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface BuildxStandIn {
  /** A folder for PATH. */
  path: string;
  /** Holds the arguments and the names of the variables of the last call, as JSON. */
  seen: string;
}

export async function buildxStandIn(): Promise<BuildxStandIn> {
  const path = await mkdtemp(join(tmpdir(), "ml-actions-docker-"));
  const seen = join(path, "seen.json");
  const program = join(import.meta.dirname, "buildx-stand-in/docker.ts");
  await mkdir(path, { recursive: true });
  const docker = join(path, "docker");
  await writeFile(docker, `#!/bin/sh\nexec '${process.execPath}' --no-maglev '${program}' '${seen}' "$@"\n`);
  await chmod(docker, 0o755);
  return { path, seen };
}
