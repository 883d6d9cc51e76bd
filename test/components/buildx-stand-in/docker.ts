/** The program: see ../buildx-stand-in.ts. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pack } from "tar-stream";

/** Flags with a value, of buildx 0.29; the others below take none. */
const flags = [
  ..."add-host allow annotation attest build-arg build-context builder cache-from cache-to call cgroup-parent".split(
    " ",
  ),
  ..."file iidfile label metadata-file network no-cache-filter output platform progress provenance sbom".split(
    " ",
  ),
  ..."secret shm-size ssh tag target ulimit".split(" "),
];
const switches = ["check", "debug", "load", "no-cache", "pull", "push", "quiet"];

const [seen = "", ...words] = process.argv.slice(2);
writeFileSync(seen, JSON.stringify({ words, variables: Object.keys(process.env).sort() }));
const fail = (message: string, code = 1): never => {
  process.stderr.write(`ERROR: ${message}\n`);
  process.exit(code);
};

if (words[0] !== "buildx" || words[1] !== "build") fail(`docker: unknown command: docker ${words.join(" ")}`);
const given = new Map<string, string>();
const places: string[] = [];
for (const word of words.slice(2)) {
  const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
  if (match === null) places.push(word);
  else if (match[2] === undefined && !switches.includes(match[1] ?? "")) fail(`unknown flag: ${word}`, 125);
  else if (match[2] !== undefined && !flags.includes(match[1] ?? "")) fail(`unknown flag: ${word}`, 125);
  else given.set(match[1] ?? "", match[2] ?? "true");
}
if (places.length !== 1) fail("docker buildx build requires exactly 1 argument", 125);

/** One line of CSV, as buildx reads it. */
function csv(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}

const output = Object.fromEntries(
  csv(given.get("output") ?? "").map((field) => field.split(/=(.*)/s).slice(0, 2)),
);
if (output.type !== "oci" || output.tar !== "false" || !output.dest)
  fail(`no exporter for ${given.get("output")}`);
const layout: string = output.dest;
mkdirSync(join(layout, "blobs/sha256"), { recursive: true });

interface Step {
  word: string;
  rest: string;
}
const steps: Step[] = readFileSync(given.get("file") ?? "", "utf8")
  .split("\n")
  .map((line) => line.trim())
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => ({
    word: line.split(" ")[0]?.toUpperCase() ?? "",
    rest: line.split(" ").slice(1).join(" "),
  }));
if (steps[0]?.word !== "FROM") fail("dockerfile parse error: no build stage in current context");
steps.forEach(({ word, rest }, index) => {
  process.stderr.write(`#${index + 4} [${index + 1}/${steps.length}] ${word} ${rest}\n`);
  const code = /^exit ([1-9]\d*)$/.exec(rest)?.[1];
  if (word === "RUN" && code !== undefined)
    fail(`failed to solve: process "/bin/sh -c ${rest}" did not complete successfully: exit code: ${code}`);
});
const of = (word: string) => steps.filter((step) => step.word === word).map(({ rest }) => rest);

function blob(mediaType: string, content: Buffer | object) {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const hex = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(layout, "blobs/sha256", hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength };
}

async function layer(text: string): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: "srv/own-server", mtime: new Date(0) }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const oci = "application/vnd.oci.image";
const manifests = [];
for (const platform of given.get("platform")?.split(",") ?? []) {
  const [os = "", architecture = ""] = platform.split("/");
  const files = blob(`${oci}.layer.v1.tar`, await layer(`${of("FROM")[0]} ${platform}`));
  const config = blob(`${oci}.config.v1+json`, {
    architecture,
    os,
    config: {
      Env: ["PATH=/usr/bin", ...of("ENV")],
      Entrypoint: JSON.parse(of("ENTRYPOINT")[0] ?? "[]"),
      User: "1000",
      ExposedPorts: { "9000/tcp": {} },
      Labels: Object.fromEntries(of("LABEL").map((line) => line.split("=") as [string, string])),
    },
    rootfs: { type: "layers", diff_ids: [files.digest] },
  });
  const mediaType = `${oci}.manifest.v1+json`;
  const manifest = blob(mediaType, { schemaVersion: 2, mediaType, config, layers: [files] });
  manifests.push({ ...manifest, platform: { architecture, os } });
}
const [first] = manifests;
const mediaType = `${oci}.index.v1+json`;
const top =
  manifests.length === 1 && first !== undefined
    ? { mediaType: first.mediaType, digest: first.digest, size: first.size }
    : blob(mediaType, { schemaVersion: 2, mediaType, manifests });
writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType, manifests: [top] }));
const material = { uri: "pkg:docker/node@24?platform=linux%2Famd64", digest: { sha256: "5".repeat(64) } };
writeFileSync(
  given.get("metadata-file") ?? "",
  JSON.stringify({
    "buildx.build.provenance/linux/amd64": {
      buildType: "https://mobyproject.org/buildkit@v1",
      materials: [material],
    },
    "buildx.build.ref": "builder/builder0/abc",
    "containerimage.descriptor": top,
    "containerimage.digest": top.digest,
  }),
);
