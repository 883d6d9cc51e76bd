/** `docker buildx build`, as a program with arguments and no shell: a Dockerfile becomes an image layout on disk. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { type Log, UserError } from "@ml-actions/action-kit/action";
import { z } from "zod";

export interface BuildxRequest {
  /** Absolute path. */
  dockerfile: string;
  /** The build's context: a folder. */
  context: string;
  platforms: readonly string[];
  /** A folder that does not exist yet. */
  layout: string;
  /** Where buildx writes what it built. */
  metadata: string;
}

export interface BuildxResult {
  /** `sha256:…` of the index, or of the manifest when there is one platform. */
  digest: string;
  /** Images and files that BuildKit fetched for the build, by digest, as far as it says so. */
  materials: { uri: string; digest: Record<string, string> }[];
}

/** What Docker, its plug-ins and its credential helpers look at. The job's tokens and inputs are none of theirs. */
const keptVariables =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|XDG_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|CONTAINERD_.*|SSH_AUTH_SOCK|(https?|no|all|ftp)_proxy|SSL_CERT_FILE|SSL_CERT_DIR|SOURCE_DATE_EPOCH)$/i;
const saidKeptBytes = 3000;

/** The arguments behind `docker`: https://docs.docker.com/reference/cli/docker/buildx/build/ */
export function buildxArguments(request: BuildxRequest): string[] {
  const { dockerfile, context, platforms, layout, metadata } = request;
  return [
    "buildx",
    "build",
    `--file=${dockerfile}`,
    `--platform=${platforms.join(",")}`,
    // As a layout on disk: it is we who push, under tag rules and credentials of ours.
    `--output=type=oci,tar=false,${csvField(`dest=${layout}`)}`,
    `--metadata-file=${metadata}`,
    // Both would carry the clock into the digest, and the papers are ours.
    "--provenance=false",
    "--sbom=false",
    "--progress=plain",
    context,
  ];
}

/** @throws UserError when there is no docker, no buildx, or the build fails; its last words are in the message */
export async function runBuildx(
  request: BuildxRequest,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<BuildxResult> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => keptVariables.test(name)));
  const child = spawn("docker", buildxArguments(request), {
    cwd: request.context,
    env,
    signal,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-saidKeptBytes);
      for (const line of text.split(/\r?\n/)) if (line.trim() !== "") log.info(line);
    });
  }
  const ended = await new Promise<string | null>((resolve, reject) => {
    child.on("error", (cause) => reject(signal.aborted ? signal.reason : noDocker(cause)));
    child.on("close", (code, by) => resolve(code === 0 ? null : (by ?? `exit code ${code}`)));
  });
  if (ended !== null) throw failed(ended, said);
  return readMetadata(request.metadata);
}

/** The value of `--output` is a line of CSV. */
function csvField(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

const material = z.object({ uri: z.string(), digest: z.record(z.string(), z.string()) });
const provenance = z.object({ materials: z.array(material).default([]) });
const metadata = z.looseObject({
  "containerimage.digest": z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

async function readMetadata(path: string): Promise<BuildxResult> {
  try {
    const { "containerimage.digest": digest, ...rest } = metadata.parse(
      JSON.parse(await readFile(path, "utf8")),
    );
    const materials = Object.entries(rest).flatMap(([name, value]) =>
      name.startsWith("buildx.build.provenance") ? (provenance.safeParse(value).data?.materials ?? []) : [],
    );
    const once = new Map(materials.map((found) => [found.uri, found]));
    return { digest, materials: [...once.values()].sort((a, b) => (a.uri < b.uri ? -1 : 1)) };
  } catch (cause) {
    throw new UserError(`docker buildx build ended well, but does not say what it built (${path})`, {
      remedy: "Use buildx 0.12 or newer: docker/setup-buildx-action installs one.",
      cause,
    });
  }
}

function noDocker(cause: Error): UserError {
  const missing = "code" in cause && cause.code === "ENOENT";
  return new UserError(
    missing
      ? "dockerfile: there is no program `docker` on the PATH"
      : `dockerfile: docker cannot be run: ${cause.message}`,
    {
      remedy:
        "Run on a machine with Docker and buildx (docker/setup-buildx-action), or leave `dockerfile` out: without it no Docker is needed.",
      cause,
    },
  );
}

function failed(ended: string, said: string): UserError {
  const words = said.trim();
  const noBuildx = /unknown command: docker buildx|'buildx' is not a docker command/.test(words);
  const noExporter = /OCI exporter is not supported|exporter.*not supported for the docker driver/i.test(
    words,
  );
  const remedy = noBuildx
    ? "Install buildx: docker/setup-buildx-action does so."
    : noExporter
      ? "Docker's own builder writes no image layouts: run docker/setup-buildx-action before this step."
      : "Mend the Dockerfile at the place named; `docker buildx build` with the same file shows the same.";
  return new UserError(`docker buildx build ended with ${ended}${words === "" ? "" : `:\n${words}`}`, {
    remedy,
  });
}
