/** Packages of an operating system that the scanner does not know: it passes over them without a word. */
import type { Source } from "@ml-actions/oci/store";
import { filesOf } from "./layer-files.ts";
import type { ImagePlatform } from "./platforms.ts";

/** Where dpkg (also as distroless has it), apk and rpm keep what is installed. */
const lists =
  /^(var\/lib\/dpkg\/status(\.d\/[^/]+)?|lib\/apk\/db\/installed|(var\/lib|usr\/lib\/sysimage)\/rpm\/[^/]+)$/;

/** The first list of installed packages in any layer; null when there is none. Reads layers whole, so it is for images
 * without a known system alone. */
export async function systemPackages(source: Source, { layers }: ImagePlatform): Promise<string | null> {
  for (const layer of layers) {
    for await (const { path, sizeBytes } of filesOf(source, layer)) {
      if (sizeBytes > 0 && lists.test(path)) return path;
    }
  }
  return null;
}
