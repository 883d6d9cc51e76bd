// What `npm test` and `npm run demo` run first, on whatever Node (20 or newer) the machine has: it installs the pinned
// dependencies when they are missing or stale, among them Node 24, and hands over to that.
// Plain JavaScript on built-in modules alone, because nothing is installed yet when it starts.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const marker = join(modules, ".ml-actions-installed");
const node24 = join(modules, "node", "bin", "node");

if (Number(process.versions.node.split(".")[0]) < 20) {
  fail(`Node ${process.versions.node} is too old: install Node 20 or newer.`);
}

const [what, ...args] = process.argv.slice(2);
if (what === undefined) fail("usage: node test/setup.mjs <vitest | check | a .ts file> [arguments]");

if (!installed()) await install();
const code = await runAll(what === "check" ? checks() : [commandFor(what, args)]);
process.exit(code);

/** The dependencies are those of this lock file, and Node 24 came with them. */
function installed() {
  return existsSync(node24) && existsSync(marker) && readFileSync(marker, "utf8") === wanted();
}

function wanted() {
  const hash = createHash("sha256");
  const manifests = readdirSync(join(root, "packages")).map((name) => join("packages", name, "package.json"));
  for (const file of ["package.json", "package-lock.json", ...manifests.sort()]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

async function install() {
  const started = Date.now();
  console.error("Installing the pinned dependencies, Node 24 among them (about a minute the first time) …");
  const progress = setInterval(() => {
    console.error(`  … still installing, ${Math.round((Date.now() - started) / 1000)} s`);
  }, 15_000);
  // onnxruntime-node's own install step would download CUDA libraries that nothing here uses.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const npm = ["ci", "--no-audit", "--no-fund", "--ignore-scripts=false", "--loglevel=error"];
  const code = await run("npm", npm, env);
  clearInterval(progress);
  if (code !== 0)
    fail("npm ci failed: is the package registry reachable? Its message is above. Run the command again.");
  if (!existsSync(node24))
    fail(
      "npm ci ended without Node 24: its install script was blocked (see `allowScripts` in package.json).",
    );
  writeFileSync(marker, wanted());
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

function checks() {
  const bin = (name) => join(modules, ".bin", name);
  return [
    ["types", bin("tsc"), ["--noEmit"]],
    ["lint and format", bin("biome"), ["check", "."]],
    ["generated files", node24, [join(root, "packages/release/src/generate.ts"), "--check"]],
  ];
}

function commandFor(name, rest) {
  // Without V8's Maglev, as the release tree runs; why is said in packages/release/src/layout.ts.
  if (name.endsWith(".ts")) return [name, node24, ["--no-maglev", join(root, name), ...rest]];
  return [name, node24, [join(modules, name, `${name}.mjs`), ...rest]];
}

async function runAll(commands) {
  for (const [title, command, commandArgs] of commands) {
    if (commands.length > 1) console.error(`— ${title}`);
    const path = `${join(modules, ".bin")}:${process.env.PATH ?? ""}`;
    const status = await run(command, commandArgs, { ...process.env, PATH: path });
    if (status !== 0) return status;
  }
  return 0;
}

function run(command, commandArgs, env) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArgs, { cwd: root, env, stdio: "inherit" });
    // The child is in the same process group and gets the signal itself: wait for it to clean up.
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
    child.on("error", (error) => fail(`${command} could not be started: ${error.message}`));
    child.on("exit", (status, signal) => resolve(signal ? 130 : (status ?? 1)));
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
