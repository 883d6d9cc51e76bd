import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storedCredentials } from "./docker-config.ts";
import { OciError } from "./errors.ts";

let directory: string;
const path = process.env.PATH;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-docker-"));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(directory, { recursive: true });
});

const config = (content: unknown) =>
  writeFile(join(directory, "config.json"), typeof content === "string" ? content : JSON.stringify(content));
const base64 = (text: string) => Buffer.from(text).toString("base64");

async function helper(name: string, script: string): Promise<void> {
  const file = join(directory, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  process.env.PATH = `${directory}:${path}`;
}

describe("stored credentials", () => {
  it("are none without a configuration or an entry", async () => {
    expect(await storedCredentials("ghcr.io", directory)).toBeNull();
    await config({ auths: { "other.io": { auth: base64("u:p") } } });
    expect(await storedCredentials("ghcr.io", directory)).toBeNull();
    await config({});
    expect(await storedCredentials("ghcr.io", directory)).toBeNull();
  });

  it("are found under every name that a registry is filed by", async () => {
    for (const key of ["ghcr.io", "https://ghcr.io", "https://ghcr.io/v2/"]) {
      await config({ auths: { [key]: { auth: base64("user:pass:word") } } });
      expect(await storedCredentials("ghcr.io", directory)).toEqual({
        username: "user",
        password: "pass:word",
      });
    }
    await config({ auths: { "https://index.docker.io/v1/": { auth: base64("u:p") } } });
    expect(await storedCredentials("docker.io", directory)).toEqual({ username: "u", password: "p" });
  });

  it("may be an identity token", async () => {
    await config({ auths: { "ghcr.io": { auth: base64("u:"), identitytoken: "refresh" } } });
    expect(await storedCredentials("ghcr.io", directory)).toEqual({ identityToken: "refresh" });
  });

  it("come from a credential helper, which is asked for the registry on its stdin", async () => {
    await helper("test", `read server; echo '{"Username":"'$1'","Secret":"'$server'"}'`);
    await config({ credHelpers: { "ghcr.io": "test" } });
    expect(await storedCredentials("ghcr.io", directory)).toEqual({ username: "get", password: "ghcr.io" });
    await helper("store", `echo '{"Username":"<token>","Secret":"t"}'`);
    await config({ credsStore: "store" });
    expect(await storedCredentials("ghcr.io", directory)).toEqual({ identityToken: "t" });
  });

  it("fall back to the file when the store has none", async () => {
    await helper("empty", "echo 'credentials not found in native keychain'; exit 1");
    await config({ credsStore: "empty", auths: { "ghcr.io": { auth: base64("u:p") } } });
    expect(await storedCredentials("ghcr.io", directory)).toEqual({ username: "u", password: "p" });
  });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "{secret", /is not a Docker configuration/],
    ["an entry that is no base64 of user:password", { auths: { "ghcr.io": { auth: "!!!" } } }, /no base64/],
    ["a helper that is not there", { credsStore: "absent" }, /docker-credential-absent cannot be run/],
    ["a helper that is no name", { credsStore: "../../bin/sh" }, /is no name/],
  ])("are an error by name with %s, which does not quote them", async (_name, content, message) => {
    await config(content);
    const error = await storedCredentials("ghcr.io", directory).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OciError);
    expect(error).toMatchObject({ code: "credentials", message: expect.stringMatching(message) });
    expect(String(error)).not.toContain("secret");
  });
});
