/** A program of Debian's archive without installing it: the package is fetched with apt-get, which checks its signature
 * chain, and unpacked into a cache outside the checkout. It needs no root. */
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

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
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ml-actions", "debian");
  const path = join(cache, packageName, program);
  if (await exists(path)) return path;
  console.error(
    `fetching Debian's ${packageName} into ${cache} (once a machine). To do without it, leave out \`npm run test:supply-chain\`: nothing else needs it …`,
  );
  await mkdir(cache, { recursive: true });
  const beside = await mkdtemp(join(cache, `${packageName}-`));
  try {
    await run("apt-get", ["download", packageName], { cwd: beside });
    const [archive] = (await readdir(beside)).filter((name) => name.endsWith(".deb"));
    await run("dpkg", ["-x", archive ?? "", join(beside, "root")], { cwd: beside });
    // Another process may have been first; its copy is the same.
    await rename(join(beside, "root"), join(cache, packageName)).catch(() => {});
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new Error(
      `this suite needs Debian's package ${packageName}, which cannot be had: ${said}\n` +
        `Run it on Debian or Ubuntu with a package index (apt-get update), or put the program at ${path}.`,
      { cause },
    );
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  if (!(await exists(path))) throw new Error(`Debian's package ${packageName} holds no ${program}`);
  console.error(`fetched ${packageName}`);
  return path;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
