/** The contract of stores over real registries, and what real tools say of what was pushed. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseReference, Registry } from "@ml-actions/oci";
import { image, manifestType, pushBytes } from "@ml-actions/oci/testing/artifacts";
import { describeStore } from "@ml-actions/oci/testing/store-contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCraneRegistry } from "../components/crane-registry.ts";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { goTool } from "../components/go-tool.ts";
import { startTokenServer } from "./token-server.ts";

const run = promisify(execFile);
const at = (host: string, repository = "models/flights") =>
  new Registry(parseReference(`${host}/${repository}`), { dockerConfig: "/nonexistent" });

for (const [name, start] of [
  ["Debian's docker-registry, without a referrers API", () => startRegistry()],
  ["crane's registry, with one", startCraneRegistry],
] as const) {
  describeStore(name, async () => {
    const { host, stop } = await start();
    return { open: () => at(host), close: stop };
  });
}

describe("what was pushed", () => {
  let running: RunningRegistry;
  let directory: string;
  beforeAll(async () => {
    running = await startRegistry();
    directory = await mkdtemp(join(tmpdir(), "ml-actions-push-"));
  });
  afterAll(async () => {
    await running?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it("is what crane pulls, from a registry and from a layout", async () => {
    const { Layout } = await import("@ml-actions/oci");
    const crane = await goTool("crane");
    const layout = new Layout(join(directory, "layout"));
    const bytes = await image(at(running.host), "layer");
    await image(layout, "layer");
    const { digest } = await at(running.host).pushManifest(bytes, manifestType, "1.0");
    await layout.pushManifest(bytes, manifestType, "1.0");
    const asked = await run(crane, ["digest", `${running.host}/models/flights:1.0`]);
    expect(asked.stdout.trim()).toBe(digest);
    await run(crane, ["push", join(directory, "layout"), `${running.host}/models/copied:1.0`]);
    expect((await at(running.host, "models/copied").resolve("1.0"))?.digest).toBe(digest);
  });

  it("is mounted from another repository, with a token for both", async () => {
    const tokens = await startTokenServer("open sesame");
    const guarded = await startRegistry(tokens.auth);
    try {
      const credentials = { username: "robot", password: "open sesame" };
      const open = (repository: string) =>
        new Registry(parseReference(`${guarded.host}/${repository}`), { credentials });
      const base = open("library/base");
      const descriptor = await pushBytes(base, Buffer.from("a base layer"));
      const target = open("models/flights");
      const neverRead = () => {
        throw new Error("it is not to be sent");
      };
      expect(await target.pushBlob(descriptor, neverRead, base)).toBe("mounted");
      expect(tokens.asked.at(-1)).toBe("repository:models/flights:pull,push repository:library/base:pull");
    } finally {
      await guarded.stop();
      await tokens.stop();
    }
  });

  it("was never in memory as a whole, on the way there and back", async () => {
    const path = join(directory, "large");
    const chunk = Buffer.alloc(1 << 20, 7);
    await writeFile(
      path,
      (function* () {
        for (let written = 0; written < 500; written++) yield chunk;
      })(),
    );
    const hash = createHash("sha256");
    for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
    const digest = `sha256:${hash.digest("hex")}`;
    const reference = `${running.host}/models/large`;
    for (const [direction, ...expected] of [["push", "sent"], ["read"]] as const) {
      const { stdout } = await run(process.execPath, [
        "--no-maglev",
        join(import.meta.dirname, "large-blob.ts"),
        ...[direction, reference, path, digest, `${500 << 20}`],
      ]);
      const told = JSON.parse(stdout) as { result: string; startMb: number; peakMb: number };
      expect(told.result).toBe(expected[0] ?? `${500 << 20}`);
      // Of the 500 MB; the rest is Node with the TypeScript that it strips.
      expect(told.peakMb - told.startMb).toBeLessThan(60);
      expect(told.peakMb).toBeLessThan(150);
    }
  });
});
