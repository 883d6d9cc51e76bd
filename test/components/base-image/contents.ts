/** What lies in the base image: the files of Debian's packages, those that distroless writes itself, and Node. */
import { execFile, spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Duplex, pipeline, type Readable } from "node:stream";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { extract, type Header, type Pack } from "tar-stream";
import { addEntry, type NewEntry } from "./layer.ts";

const run = promisify(execFile);

/** A file of an archive: to be read or resumed before the next comes. */
type Entry = AsyncIterable<unknown> & { header: Header; resume(): void };

/** The name of the package in an archive's file name. */
export const packageOf = (archive: string): string => basename(archive).split("_")[0] as string;

/** An archive's files, and what scanners read of the package: one status file each, as distroless has no dpkg. */
export async function addPackage(tar: Pack, archive: string): Promise<void> {
  for await (const entry of entriesOf(dpkgDeb("--fsys-tarfile", archive)))
    await copyEntry(tar, entry, entry.header);
  const name = packageOf(archive);
  const { stdout: status } = await run("dpkg-deb", ["--field", archive]);
  await addFile(tar, `./var/lib/dpkg/status.d/${name}`, status);
  for await (const entry of entriesOf(dpkgDeb("--ctrl-tarfile", archive))) {
    const { header } = entry;
    if (header.name !== "./md5sums") entry.resume();
    else await copyEntry(tar, entry, { ...header, name: `./var/lib/dpkg/status.d/${name}.md5sums` });
  }
}

/** Users, homes, /tmp, name service, release and certificates, which no package's files alone make. */
export async function addOwnFiles(tar: Pack, caCertificates: string): Promise<void> {
  const directory = (name: string, mode: number, owner = 0) =>
    addEntry(tar, { name, type: "directory", mode, uid: owner, gid: owner, mtime: new Date(0) });
  await directory("./", 0o755);
  await directory("./tmp/", 0o1777);
  await directory("./root/", 0o700);
  await directory("./home/", 0o755);
  await directory("./home/nonroot/", 0o700, 65532);
  await addFile(
    tar,
    "./etc/passwd",
    "root:x:0:0:root:/root:/sbin/nologin\n" +
      "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n" +
      "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  );
  await addFile(tar, "./etc/group", "root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n");
  await addFile(tar, "./etc/nsswitch.conf", "hosts: files dns\n");
  await addFile(
    tar,
    "./usr/lib/os-release",
    'PRETTY_NAME="Distroless"\nNAME="Debian GNU/Linux"\nID="debian"\nVERSION_ID="13"\n' +
      'VERSION="Debian GNU/Linux 13 (trixie)"\n',
  );
  await addFile(tar, "./etc/ssl/certs/ca-certificates.crt", await allCertificates(caCertificates));
}

/** `archive`: npm's package of that platform's `node`. */
export async function addNode(tar: Pack, archive: string, version: string, architecture: string) {
  const wanted: Record<string, string> = {
    "package/bin/node": "./nodejs/bin/node",
    "package/LICENSE": "./nodejs/LICENSE",
  };
  for await (const entry of entriesOf(createReadStream(archive), createGunzip())) {
    const name = wanted[entry.header.name];
    const mode = name?.includes("/bin/") ? 0o755 : 0o644;
    if (name === undefined) entry.resume();
    else await copyEntry(tar, entry, { name, size: entry.header.size ?? 0, mode, mtime: new Date(0) });
  }
  await addFile(
    tar,
    "./var/lib/dpkg/status.d/nodejs",
    `Package: nodejs\nVersion: ${version}\nArchitecture: ${architecture}\nMaintainer: none\nDescription: Node.js\n`,
  );
}

/** Fetches `name@version` from the npm registry, which npm checks by its integrity; gives the archive's path. */
export async function fetchFromNpm(name: string, version: string, directory: string): Promise<string> {
  const into = await mkdtemp(join(directory, "npm-"));
  await run("npm", ["pack", "--silent", "--pack-destination", into, `${name}@${version}`]);
  return join(into, (await readdir(into))[0] ?? "");
}

/** What update-ca-certificates makes of the package: its certificates one after the other. */
async function allCertificates(archive: string): Promise<string> {
  const found: [string, string][] = [];
  for await (const entry of entriesOf(dpkgDeb("--fsys-tarfile", archive))) {
    const { name } = entry.header;
    if (/^\.\/usr\/share\/ca-certificates\/mozilla\/.*\.crt$/.test(name))
      found.push([name, (await bytesOf(entry)).toString("utf8")]);
    else entry.resume();
  }
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  return found.map(([, text]) => text).join("");
}

function addFile(tar: Pack, name: string, content: string): Promise<void> {
  return addEntry(tar, { name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) }, content);
}

async function copyEntry(tar: Pack, entry: Entry, header: NewEntry): Promise<void> {
  const content = await bytesOf(entry);
  await addEntry(tar, header, entry.header.type === "file" ? content : undefined);
}

async function bytesOf(entry: Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function entriesOf(...archive: [Readable, ...Duplex[]]): AsyncIterable<Entry> {
  const entries = extract();
  // The loop over the entries is what sees the error.
  pipeline([...archive, entries as unknown as NodeJS.WritableStream], () => {});
  return entries;
}

function dpkgDeb(what: string, archive: string): Readable {
  const child = spawn("dpkg-deb", [what, archive], { stdio: ["ignore", "pipe", "inherit"] });
  child.on("close", (code) => {
    if (code !== 0) child.stdout.destroy(new Error(`dpkg-deb ${what} ${archive} ended with ${code}`));
  });
  child.on("error", (error) => child.stdout.destroy(error));
  return child.stdout;
}
