/** Programs of Debian's archive without installing them: their packages are fetched and unpacked into a cache outside the
 * checkout. */
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, exists, madeOnce } from "./cache.ts";
import { fetchForThisMachine, unpackArchive } from "./debian-packages.ts";

/** Path of the program. Rejects with what to do when the package cannot be had. */
export async function debianTool(packageName: string, program: string): Promise<string> {
  const path = join(await debianRoot([packageName]), program);
  if (!(await exists(path))) throw new Error(`Debian's package ${packageName} holds no ${program}`);
  return path;
}

/** The folder that the packages, and the libraries that this machine lacks for them, are unpacked below as if it were
 * `/`. Their programs need `debianEnvironment`. */
export async function debianRoot(packages: readonly string[]): Promise<string> {
  const cache = await cacheFolder("debian");
  const name = packages.join("+");
  return madeOnce(join(cache, name), async () => {
    console.error(
      `fetching Debian's ${packages.join(", ")} into ${cache} (once a machine; to do without, leave out the suite that asks for it) …`,
    );
    const beside = await mkdtemp(join(cache, `${name}-`));
    try {
      for (const archive of await fetchForThisMachine(packages, beside))
        await unpackArchive(archive, join(beside, "root"));
      await rename(join(beside, "root"), join(cache, name));
    } catch (cause) {
      const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
      throw new Error(
        `this suite needs Debian's ${packages.join(", ")}, which cannot be had: ${said}\n` +
          `Run it on Debian or Ubuntu where apt-get reaches its archive, or unpack the packages below ${join(cache, name)}.`,
        { cause },
      );
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
    console.error(`fetched ${packages.join(", ")}`);
  });
}

/** PATH and LD_LIBRARY_PATH by which programs unpacked below `root` find each other and their libraries. */
export function debianEnvironment(root: string): { PATH: string; LD_LIBRARY_PATH: string } {
  const programs = ["usr/sbin", "usr/bin", "sbin", "bin"].map((folder) => join(root, folder));
  const triplet = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  const libraries = ["usr/lib", "lib"].map((folder) => join(root, folder, triplet));
  return {
    PATH: [...programs, process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin"].join(":"),
    LD_LIBRARY_PATH: libraries.join(":"),
  };
}
