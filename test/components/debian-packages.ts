/** Archives of Debian packages, fetched with apt-get, which checks their signature chain. Nothing is installed, and no
 * root is needed: lists, cache and locks are apt's own in a directory of ours. */
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A release of Debian that need not be this machine's, of an architecture that need not be either. */
export interface DebianRelease {
  /** `trixie`. */
  release: string;
  architecture: "amd64" | "arm64";
  /** The keys that sign the release: debian-archive-keyring's `.gpg`. */
  keyring: string;
}

/** The packages and what this machine lacks to run them, from its own sources: paths of the `.deb` files. */
export async function fetchForThisMachine(packages: readonly string[], directory: string): Promise<string[]> {
  const apt = await privateApt(directory, []);
  await apt("update");
  const quiet = ["--yes", "--quiet", "--no-install-recommends", "--download-only"];
  // Those that are installed already are wanted here all the same.
  await apt("install", ...quiet, "--reinstall", ...packages);
  return archivesIn(join(directory, "archives"));
}

/** Those packages and nothing they depend on, as that release has them now, its updates of security included. */
export async function fetchFromRelease(
  packages: readonly string[],
  { release, architecture, keyring }: DebianRelease,
  directory: string,
): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const from = (path: string, suite: string) =>
    `deb [signed-by=${keyring}] http://deb.debian.org/${path} ${suite} main\n`;
  await writeFile(
    join(directory, "sources.list"),
    from("debian", release) +
      from("debian", `${release}-updates`) +
      from("debian-security", `${release}-security`),
  );
  await writeFile(join(directory, "status"), "");
  const apt = await privateApt(directory, [
    `Dir::State::status "${join(directory, "status")}";`,
    `Dir::Etc::sourcelist "${join(directory, "sources.list")}";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Acquire::Languages "none";',
    `APT::Architecture "${architecture}";`,
    "#clear APT::Architectures;",
    `APT::Architectures { "${architecture}"; };`,
  ]);
  await apt("update");
  await apt("download", ...packages);
  return archivesIn(directory);
}

/** Unpacks an archive below `root`. */
export async function unpackArchive(archive: string, root: string): Promise<void> {
  await run("dpkg", ["-x", archive, root]);
}

async function archivesIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".deb"));
  return names.sort().map((name) => join(directory, name));
}

async function privateApt(
  directory: string,
  settings: readonly string[],
): Promise<(...args: string[]) => Promise<void>> {
  await mkdir(join(directory, "lists/partial"), { recursive: true });
  await mkdir(join(directory, "archives/partial"), { recursive: true });
  const all = [
    `Dir::State::lists "${join(directory, "lists")}";`,
    `Dir::Cache "${directory}";`,
    // The user apt would change to may not enter this directory.
    'APT::Sandbox::User "";',
    // dpkg's lock is root's, and nothing here is given to dpkg's database.
    'Debug::NoLocking "true";',
    ...settings,
  ];
  const config = join(directory, "apt.conf");
  await writeFile(config, `${all.join("\n")}\n`);
  return async (...args) => {
    await run("apt-get", ["--config-file", config, ...args], { cwd: directory, maxBuffer: 2 ** 24 });
  };
}
