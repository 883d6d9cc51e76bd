/** Where the components that tests start are kept: outside the checkout, shared by all checkouts of this user. */
import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { withLock } from "@ml-actions/release/build-lock";

/** A folder of the cache, made if it is missing. */
export async function cacheFolder(...names: string[]): Promise<string> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ml-actions", ...names);
  await mkdir(folder, { recursive: true });
  return folder;
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Makes `path` once, however many test files ask at the same time: the others wait and use what the first made.
 * `make` must let it appear whole or not at all. */
export async function madeOnce(path: string, make: () => Promise<void>): Promise<string> {
  if (await exists(path)) return path;
  return withLock(`${path}.lock`, async () => {
    if (!(await exists(path))) await make();
    return path;
  });
}
