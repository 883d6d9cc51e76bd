/** What a bundle inside the image is made of, by the SBOM that lies beside it: the scanner must have seen it. */
import type { Descriptor } from "@ml-actions/oci/manifest";
import type { Source } from "@ml-actions/oci/store";
import { z } from "zod";
import { ScanError, shown } from "./errors.ts";
import { filesOf } from "./layer-files.ts";
import type { ImagePlatform } from "./platforms.ts";

/** Of the server, whose packages were bundled into few files where no scanner could tell them. */
export const bundleSbom = "app/server/server.cdx.json";

const mostSbomBytes = 16 * 1024 * 1024;
const sbomSchema = z.object({ components: z.array(z.object({ purl: z.string().optional() })).min(1) });

/** Package URLs without qualifiers, of every platform's server layer; empty for an image that has none of ours. */
export async function bundledPackages(source: Source, { layers, kinds }: ImagePlatform): Promise<string[]> {
  const server = layers[kinds.indexOf("server")];
  if (server === undefined) return [];
  const text = await sbomOf(source, server);
  const sbom = text === null ? undefined : sbomSchema.safeParse(parsed(text));
  const purls =
    sbom?.data?.components.flatMap(({ purl }) => (purl === undefined ? [] : [plainPurl(purl)])) ?? [];
  if (purls.length > 0) return [...new Set(purls)];
  throw new ScanError(
    "incomplete",
    `the server in ${shown(source.name)} was bundled, and ${bundleSbom} does not say from which packages`,
    "Build the image with the build action: without its SBOM, nobody can see what the bundle holds.",
  );
}

/** `pkg:npm/%40scope/name@1.0.0?arch=x` and `pkg:npm/@scope/name@1.0.0` are the same package. */
export function plainPurl(purl: string): string {
  const bare = purl.split(/[?#]/, 1)[0] ?? purl;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}

async function sbomOf(source: Source, layer: Descriptor): Promise<string | null> {
  let text: string | null = null;
  for await (const { path, sizeBytes, content } of filesOf(source, layer)) {
    if (path !== bundleSbom || sizeBytes > mostSbomBytes) continue;
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk.slice());
    text = Buffer.concat(chunks).toString("utf8");
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
