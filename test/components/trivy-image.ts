/** Small images in an OCI layout, made file by file, for a scanner to look at. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pack } from "tar-stream";

export interface SmallLayer {
  /** Path in the image → content. */
  files: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
}

export interface SmallPlatform {
  architecture: "amd64" | "arm64";
  layers: readonly SmallLayer[];
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Readonly<Record<string, string>>;
}

export interface SmallImage {
  /** Of the index. */
  digest: string;
  /** Manifest digest of each platform. */
  platforms: Readonly<Record<string, string>>;
}

/** What Trivy takes for Debian 12 with these packages installed. */
export function debianFiles(packages: Readonly<Record<string, string>>): Record<string, string> {
  const status = Object.entries(packages).map(
    ([name, version]) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nMaintainer: Tests <tests@example.org>\nDescription: for tests\n`,
  );
  return {
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    "etc/debian_version": "12.8\n",
    "var/lib/dpkg/status": `${status.join("\n")}\n`,
  };
}

/** A package as npm installs it. */
export function npmFiles(name: string, version: string): Record<string, string> {
  return { [`app/node_modules/${name}/package.json`]: JSON.stringify({ name, version }) };
}

/** A CycloneDX SBOM that names npm packages, as a bundle has it beside itself. */
export function sbomText(packages: Readonly<Record<string, string>>): string {
  const components = Object.entries(packages).map(([name, version]) => ({
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name}@${version}`,
    "bom-ref": `pkg:npm/${name}@${version}`,
  }));
  return JSON.stringify({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1, components });
}

/** Writes an index of all platforms into the layout at `directory`, which may hold others already listed by `tag`. */
export async function smallImage(
  directory: string,
  platforms: readonly SmallPlatform[],
): Promise<SmallImage> {
  await mkdir(join(directory, "blobs/sha256"), { recursive: true });
  const manifests: (Descriptor & { platform: { os: string; architecture: string } })[] = [];
  for (const { architecture, layers } of platforms) {
    const platform = { os: "linux", architecture };
    manifests.push({ ...(await manifestOf(directory, architecture, layers)), platform });
  }
  const index = await blob(
    directory,
    "application/vnd.oci.image.index.v1+json",
    JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }),
  );
  await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [index] }));
  return {
    digest: index.digest,
    platforms: Object.fromEntries(
      manifests.map(({ platform, digest }) => [`linux/${platform.architecture}`, digest]),
    ),
  };
}

async function manifestOf(directory: string, architecture: string, layers: readonly SmallLayer[]) {
  const descriptors: Descriptor[] = [];
  for (const { files, annotations } of layers) {
    const layer = await blob(directory, "application/vnd.oci.image.layer.v1.tar", await tarOf(files));
    descriptors.push(annotations === undefined ? layer : { ...layer, annotations });
  }
  const config = await blob(
    directory,
    "application/vnd.oci.image.config.v1+json",
    JSON.stringify({
      architecture,
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: descriptors.map(({ digest }) => digest) },
    }),
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  return blob(
    directory,
    mediaType,
    JSON.stringify({ schemaVersion: 2, mediaType, config, layers: descriptors }),
  );
}

async function blob(directory: string, mediaType: string, content: string | Buffer): Promise<Descriptor> {
  const bytes = Buffer.from(content);
  const hex = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(directory, "blobs/sha256", hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

async function tarOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mtime: new Date(0) }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
