import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSigstore, startSigstore } from "../../../../test/components/sigstore.ts";
import { startTufRepository, type TufRepository } from "../../../../test/components/tuf-repository.ts";
import { trustFromTuf } from "./tuf.ts";

let sigstore: RunningSigstore;
let repository: TufRepository;
beforeAll(async () => {
  sigstore = await startSigstore();
  repository = await startTufRepository(filesOf(sigstore));
});
afterAll(async () => {
  await repository.stop();
  await sigstore.stop();
});

const filesOf = ({ trustedRoot, signingConfig }: RunningSigstore) => ({
  "trusted_root.json": JSON.stringify(trustedRoot),
  "signing_config.v0.2.json": JSON.stringify(signingConfig),
});
const url = (of = repository) => `${of.url}#sha256:${of.rootSha256}`;

/** A repository of its own, one thing in it changed. */
async function changed(change: (repository: TufRepository) => void): Promise<unknown> {
  const other = await startTufRepository(filesOf(sigstore));
  try {
    change(other);
    return await trustFromTuf(url(other)).catch((error: unknown) => error);
  } finally {
    await other.stop();
  }
}

describe("a Sigstore of one's own tells by TUF who it is", () => {
  it("from a first root whose checksum is known", async () => {
    const { trustedRoot, signingConfig } = sigstore;
    expect(await trustFromTuf(url())).toEqual({ trustedRoot, signingConfig });
    expect(await trustFromTuf(url().replace("#", "/#"))).toEqual({ trustedRoot, signingConfig });
  });

  it("and may have no signing configuration", async () => {
    const other = await startTufRepository({ "trusted_root.json": JSON.stringify(sigstore.trustedRoot) });
    expect((await trustFromTuf(url(other))).signingConfig).toBeNull();
    await other.stop();
  });

  it.each([
    ["no checksum", () => repository.url, "is not known here"],
    ["a checksum of another form", () => `${repository.url}#sha1:00`, "64 hexadecimal digits"],
    ["another root", () => `${repository.url}#sha256:${"0".repeat(64)}`, `expected sha256:${"0".repeat(64)}`],
    ["nothing there", () => `${repository.url}/x#sha256:${"0".repeat(64)}`, "404"],
    ["nobody there", () => `http://127.0.0.1:1#sha256:${"0".repeat(64)}`, "cannot be used"],
  ])("is refused with %s", async (_, given, why) => {
    const error = await trustFromTuf(given()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "EvidenceError", code: "trusted-root" });
    expect((error as Error).message).toContain(why);
  });

  it("is refused when a target or its metadata was changed", async () => {
    const editTarget = ({ files }: TufRepository) => {
      for (const [path, bytes] of files) {
        if (path.endsWith("trusted_root.json")) files.set(path, Buffer.from(bytes).fill(0x20, 10, 11));
      }
    };
    const editMetadata = ({ files }: TufRepository) => {
      const text = files.get("1.targets.json")?.toString() ?? "";
      files.set("1.targets.json", Buffer.from(text.replace('"length":', '"length":1')));
    };
    for (const edit of [editTarget, editMetadata]) {
      expect(await changed(edit)).toMatchObject({ name: "EvidenceError", code: "trusted-root" });
    }
  });

  it("is refused when what it calls a trusted root is none", async () => {
    const other = await startTufRepository({ "trusted_root.json": "{}" });
    await expect(trustFromTuf(url(other))).rejects.toMatchObject({ code: "trusted-root" });
    await other.stop();
  });
});
