/** The scanner of scan is trusted no further than needed: which one runs, what it knows, what is believed of its word. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { goTool } from "../components/go-tool.ts";
import { trivyDatabase } from "../components/trivy-database.ts";
import { debianFiles, npmFiles, type SmallImage, sbomText, smallImage } from "../components/trivy-image.ts";
import { startJob } from "../runner/runner.ts";
import { pushLayout, removeScratch, scanIn, scannerScript, scratch, sourceTree } from "./scan-room.ts";

let tree: string;
let trivy: string;
let cache: string;
let registry: RunningRegistry;
let layout: string;
let image: SmallImage;
let other: string;
let guarded: RunningRegistry;

/** bcrypt 5.0.0: bcrypt.hashpw(b"open sesame", bcrypt.gensalt(5)) */
const bcryptOfPassword = "$2b$05$4XS8XIVWsMBrS/81Oc11qO07xA075b6/7FBKaSAjUDm.EEaidnS2S";
const password = "open sesame";

beforeAll(async () => {
  [tree, trivy, cache, registry, layout, other] = await Promise.all([
    sourceTree(),
    goTool("trivy"),
    scratch("trivy-cache"),
    startRegistry(),
    scratch("layout"),
    scratch("layout"),
  ]);
  await trivyDatabase(cache, [
    { id: "CVE-2026-1001", ecosystem: "npm", package: "left-pad", severity: "CRITICAL", fixed: "1.3.1" },
  ]);
  const server = {
    files: { "app/server/server.cdx.json": sbomText({ "bundled-thing": "2.0.0", "other-thing": "1.0.0" }) },
    annotations: { "io.github.ml-actions.layer": "server" },
  };
  const bad = { files: { ...debianFiles({ libc6: "2.36-9" }), ...npmFiles("left-pad", "1.3.0") } };
  image = await smallImage(layout, [{ architecture: "amd64", layers: [bad, server] }]);
  const good = { files: debianFiles({ libc6: "2.36-9" }) };
  await smallImage(other, [{ architecture: "amd64", layers: [good, server] }]);
  await pushLayout(layout, `${registry.host}/bad:1`);
  const users = join(await scratch("users"), "htpasswd");
  await writeFile(users, `robot:${bcryptOfPassword}\n`);
  guarded = await startRegistry({ htpasswd: { realm: "tests", path: users } });
  await pushLayout(layout, `${guarded.host}/bad:1`, { DOCKER_CONFIG: await loggedIn(guarded.host) });
});
afterAll(() => Promise.all([registry.stop(), guarded.stop(), removeScratch()]));

const scan = (inputs: Record<string, string> = {}, env: Record<string, string> = {}) =>
  scanIn(
    tree,
    { image: `oci:${layout}@${image.digest}`, scanner: trivy, "cache-dir": cache, ...inputs },
    env,
  );
const failed = async (body: string, message: RegExp) => {
  const done = await scan({ scanner: await scannerScript(body) });
  expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive", passed: "false" } });
  expect(done.errors.join("\n")).toMatch(message);
  expect(done.outputs.evidence).toBeUndefined();
  expect(done.log).not.toContain("This is a bug");
};
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("a scanner that does not do its work", () => {
  it.each<[string, string, RegExp]>([
    ["is killed", "kill -9 $$", /the scanner was ended by SIGKILL/],
    ["crashes", "echo 'FATAL out of luck' >&2; exit 1", /ended with 1; it said: FATAL out of luck/],
    ["writes nothing and says that all is well", "exit 0", /wrote no report/],
    ["writes no JSON", "echo 'no vulnerabilities found' > \"$OUT\"", /report is no JSON/],
    [
      "finds nothing because it looked at nothing",
      'echo \'{"SchemaVersion":2,"ArtifactType":"container_image","Metadata":{"ImageID":"x","DiffIDs":["x"]},"Results":[]}\' > "$OUT"',
      /looked at nothing/,
    ],
    [
      "reports in another schema",
      '"$TRIVY" "$@"; sed -i \'s/"SchemaVersion": 2/"SchemaVersion": 3/\' "$OUT"',
      /not of the kind that is read here/,
    ],
  ])("that %s is no pass", (_name, body, message) => failed(body, message));

  it("that scans another image is no pass", async () => {
    const swapped = `exec "$TRIVY" image --format json --output "$OUT" --scanners vuln --cache-dir '${cache}' --skip-db-update --offline-scan --input '${other}'`;
    await failed(swapped, /reports on another image than linux\/amd64 .*its config is sha256:/);
  });

  it("that does not look into the bundled server is no pass", async () => {
    const blind = `"$TRIVY" "$@" --skip-files '**/*.cdx.json'`;
    await failed(blind, /did not look at 2 of 2 packages .*pkg:npm\/bundled-thing@2.0.0/);
  });
});

describe("which scanner runs", () => {
  it("is none that stole secrets, whatever it reports", async () => {
    const path = join(await scratch("scanner"), "trivy");
    await writeFile(path, `#!/bin/sh\n[ "$1" = version ] && echo '{"Version":"0.69.4"}'\n`, { mode: 0o755 });
    const done = await scan({ scanner: path });
    expect(done.errors.join()).toMatch(/is Trivy 0\.69\.4, a release that stole secrets/);
    expect(done.outputs.verdict).toBe("inconclusive");
  });

  it("is the one with the checksum, before it runs for the first time", async () => {
    const ran = join(await scratch("scanner"), "ran");
    const scanner = await scannerScript(`touch '${ran}'`);
    const done = await scan({ scanner, "scanner-sha256": "0".repeat(64) });
    expect(done.errors.join()).toMatch(/has sha256:[0-9a-f]{64}, not sha256:0{64}/);
    await expect(readFile(ran)).rejects.toThrow("ENOENT");
    const right = sha256(await readFile(trivy));
    expect((await scan({ "scanner-sha256": right })).outputs.verdict).toBe("fail");
  });

  it("is the one on the PATH when none is given, and a clear error when there is none there", async () => {
    const folder = join(await scannerScript('exec "$TRIVY" "$@"'), "..");
    const env = { PATH: `${folder}:${process.env.PATH}` };
    expect((await scan({ scanner: "" }, env)).outputs.verdict).toBe("fail");
    const missing = await scan({ scanner: join(folder, "nothing") });
    expect(missing.errors.join()).toMatch(/no scanner that can be run at .*nothing/);
  });

  it("comes from a mirror by its checksum, is kept, and checked again at the next use", async () => {
    const script = await readFile(await scannerScript('exec "$TRIVY" "$@"'));
    const archive = gzipSync(await tarOf({ LICENSE: Buffer.from("x"), trivy: script }));
    const mirror = await serve(archive);
    try {
      const tools = await scratch("tools");
      const inputs = { scanner: `${mirror.url}/trivy.tar.gz`, "scanner-sha256": sha256(archive) };
      const env = { RUNNER_TOOL_CACHE: tools };
      expect((await scan(inputs, env)).outputs.verdict).toBe("fail");
      expect((await scan(inputs, env)).outputs.verdict).toBe("fail");
      expect(mirror.requests()).toBe(1);
      const kept = join(tools, "ml-actions-scanner", sha256(archive));
      await writeFile(kept, gzipSync(await tarOf({ trivy: Buffer.from("#!/bin/sh\nexit 0\n") })));
      expect((await scan(inputs, env)).outputs.verdict).toBe("fail");
      expect(mirror.requests()).toBe(2);
      const replaced = await scan({ ...inputs, "scanner-sha256": "1".repeat(64) }, env);
      expect(replaced.errors.join()).toMatch(/holds sha256:[0-9a-f]{64}, not sha256:1{64}/);
      expect(replaced.outputs.verdict).toBe("inconclusive");
    } finally {
      await mirror.stop();
    }
  });
});

describe("what the scanner knows", () => {
  it("is no secret of the job", async () => {
    const seen = await scratch("seen");
    const scanner = await scannerScript(
      `env > '${seen}/environment'; pwd > '${seen}/folder'; cp "$DOCKER_CONFIG/config.json" '${seen}/' 2>/dev/null; echo "$@" > '${seen}/arguments'; exec "$TRIVY" "$@"`,
    );
    const secrets = {
      GITHUB_TOKEN: "ghs_secret0",
      AWS_SECRET_ACCESS_KEY: "secret1",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "secret2",
      TRIVY_IGNORE_UNFIXED: "secret3",
      TRIVY_SEVERITY: "LOW",
      NODE_AUTH_TOKEN: "secret4",
      HTTPS_PROXY: "http://127.0.0.1:9",
      NO_PROXY: "127.0.0.1",
    };
    const reference = `${registry.host}/bad@${image.digest}`;
    const done = await scan({ image: reference, scanner, username: "octo", password: "hunter-two" }, secrets);
    expect(done.outputs.verdict).toBe("fail");
    const environment = await readFile(join(seen, "environment"), "utf8");
    const names = environment.split("\n").flatMap((line) => (/^(\w+)=/.exec(line) ?? []).slice(1));
    const own = ["DOCKER_CONFIG", "HOME", "HTTPS_PROXY", "NO_PROXY", "PATH", "RUNNER_TRACKING_ID", "TMPDIR"];
    // The shell adds its own.
    expect(names.filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name)).toSorted()).toEqual(own);
    expect(environment).not.toMatch(/secret\d|hunter/);
    expect(await readFile(join(seen, "arguments"), "utf8")).not.toContain("hunter");
    // The registry's password by Docker's own way, for that registry alone, in a place that is gone now.
    expect(JSON.parse(await readFile(join(seen, "config.json"), "utf8"))).toEqual({
      auths: { [registry.host]: { auth: Buffer.from("octo:hunter-two").toString("base64") } },
    });
    expect(done.raw.replaceAll(/^::add-mask::.*$/gm, "")).not.toContain("hunter-two");
    await expect(readdir((await readFile(join(seen, "folder"), "utf8")).trim())).rejects.toThrow("ENOENT");
  });

  it("is the password of a registry that asks for one", async () => {
    const reference = `${guarded.host}/bad@${image.digest}`;
    const given = await scan({ image: reference, username: "robot", password });
    expect(given.outputs.verdict).toBe("fail");
    const home = { DOCKER_CONFIG: await loggedIn(guarded.host) };
    expect((await scan({ image: reference }, home)).outputs.verdict).toBe("fail");
    const refused = await scan({ image: reference, username: "robot", password: "wrong" });
    expect(refused).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive" } });
    expect(refused.errors.join()).toMatch(/answered 401/);
  });
});

describe.each(["cancel", "kill"] as const)("a step that ends by %s while the scanner runs", (how) => {
  it("leaves neither the scanner nor its room with the credentials", async () => {
    const job = startJob({ tree });
    const scanner = await scannerScript("echo $$ > ../../scanner.pid; sleep 60");
    const inputs = { image: `oci:${layout}@${image.digest}`, scanner, "cache-dir": cache };
    const pid = join(job.temp, "scanner.pid");
    const running = { how, when: () => vi.waitUntil(() => existsSync(pid), 30_000) };
    const done = await job.run({ action: "scan", inputs, interrupt: running });
    await job.end();
    expect(done.killed).toBe(how);
    expect(done.outputs).toMatchObject({ verdict: "inconclusive", passed: "false" });
    expect((await readdir(job.temp)).filter((name) => name.startsWith("ml-actions-scan"))).toEqual([]);
    const stat = await readFile(`/proc/${(await readFile(pid, "utf8")).trim()}/stat`, "utf8").catch(
      () => ") Z",
    );
    expect(stat.slice(stat.lastIndexOf(")"))).toMatch(/^\) Z/);
  });
});

/** A folder for DOCKER_CONFIG as `docker login` leaves it. */
async function loggedIn(host: string): Promise<string> {
  const folder = await scratch("docker");
  const auth = Buffer.from(`robot:${password}`).toString("base64");
  await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  return folder;
}

async function tarOf(files: Record<string, Buffer>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function serve(body: Buffer) {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
