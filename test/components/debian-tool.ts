/** A program of Debian's archive without installing it: the package is fetched with apt-get, which checks its signature
 * chain, and unpacked into a cache outside the checkout. It needs no root. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, exists } from "./cache.ts";

const run = promisify(execFile);

const found = new Map<string, Promise<string>>();

/** Path of the program. Rejects with what to do when the package cannot be had. */
export function debianTool(packageName: string, program: string): Promise<string> {
  const key = `${packageName} ${program}`;
  const path = found.get(key) ?? find(packageName, program);
  found.set(key, path);
  return path;
}

async function find(packageName: string, program: string): Promise<string> {
  const cache = await cacheFolder("debian");
  const path = join(cache, packageName, program);
  if (await exists(path)) return path;
  console.error(
    `fetching Debian's ${packageName} into ${cache} (once a machine). To do without it, leave out \`npm run test:supply-chain\`: nothing else needs it …`,
  );
  const beside = await mkdtemp(join(cache, `${packageName}-`));
  try {
    // An index of its own: that of a fresh machine is empty, and only root may fill it.
    const apt = await privateApt(beside);
    await run("apt-get", [...apt, "update"], { cwd: beside });
    await run("apt-get", [...apt, "download", packageName], { cwd: beside });
    const [archive] = (await readdir(beside)).filter((name) => name.endsWith(".deb"));
    await run("dpkg", ["-x", archive ?? "", join(beside, "root")], { cwd: beside });
    // Another process may have been first; its copy is the same.
    await rename(join(beside, "root"), join(cache, packageName)).catch(() => {});
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new Error(
      `this suite needs Debian's package ${packageName}, which cannot be had: ${said}\n` +
        `Run it on Debian or Ubuntu where apt-get reaches its archive, or put the program at ${path}.`,
      { cause },
    );
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  if (!(await exists(path))) throw new Error(`Debian's package ${packageName} holds no ${program}`);
  console.error(`fetched ${packageName}`);
  return path;
}

async function privateApt(directory: string): Promise<string[]> {
  await mkdir(join(directory, "lists/partial"), { recursive: true });
  await mkdir(join(directory, "archives/partial"), { recursive: true });
  const settings = {
    "Dir::State::lists": join(directory, "lists"),
    "Dir::Cache": directory,
    // The user apt would change to may not enter this directory.
    "APT::Sandbox::User": "",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}
