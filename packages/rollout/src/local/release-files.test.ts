import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileDigest } from "@ml-actions/oci/digest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Release } from "../target.ts";
import { asKept, keepRelease, keptFiles } from "./release-files.ts";

let directory: string;
let release: Release;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-kept-"));
  const [uri, contract] = [join(directory, "flights.onnx"), join(directory, "flights.contract.json")];
  await writeFile(uri, "a model");
  await writeFile(contract, "{}");
  const [digest, contractDigest] = await Promise.all([fileDigest(uri), fileDigest(contract)]);
  release = { digest, label: "flights", model: { digest, uri, contract, contractDigest } };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("a kept release", () => {
  it("whose contract was changed in the state directory is not run again", async () => {
    const kept = await keepRelease(directory, release);
    await writeFile(kept.contract, '{"changed":true}');
    const back = await asKept(directory, release);
    await expect(keepRelease(directory, back)).rejects.toMatchObject({
      code: "artifact",
      message: expect.stringMatching(/contract of flights at .* has digest sha256:\w+, expected sha256:/),
    });
    expect(await readFile(kept.model, "utf8")).toBe("a model");
  });

  it("is mended by deploying it anew", async () => {
    const kept = await keepRelease(directory, release);
    await writeFile(kept.contract, '{"changed":true}');
    await keepRelease(directory, release);
    expect(await readFile(kept.contract, "utf8")).toBe("{}");
  });

  it("is kept with the contract that it was named with alone", async () => {
    await writeFile(release.model.contract, '{"changed":true}');
    await expect(keepRelease(directory, release)).rejects.toMatchObject({ code: "artifact" });
    await expect(readFile(keptFiles(directory, release.digest).model)).rejects.toThrow("ENOENT");
  });

  it("of an earlier version, which did not know its contract's digest, is taken as it is", async () => {
    const { contractDigest: _, ...model } = release.model;
    const kept = await keepRelease(directory, { ...release, model });
    await rm(release.model.uri);
    expect(await keepRelease(directory, { ...release, model })).toEqual(kept);
  });
});
