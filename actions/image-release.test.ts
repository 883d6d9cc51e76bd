import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "@ml-actions/action-kit/action";
import { releaseFromModel } from "@ml-actions/rollout/release";
import { beforeAll, describe, expect, it } from "vitest";
import { type FlightsImage, imageOf, scratch } from "../test/actions/image-fixture.ts";
import { flights } from "../test/actions/suite.ts";
import { openImage, releaseOf } from "./image-release.ts";

const notices: string[] = [];
const place = { log: { notice: (line: string) => notices.push(line) } as unknown as Log, input: "candidate" };
let image: FlightsImage;
let layout: string;

beforeAll(async () => {
  layout = join(scratch(), "layout");
  image = await imageOf("flights-1", { place: `oci:${layout}`, tag: "1.0" });
});

describe("an image", () => {
  it("by digest is that digest, and nothing is said", async () => {
    notices.length = 0;
    const opened = await openImage(image.reference, {}, place);
    expect(opened).toMatchObject({ digest: image.digest, reference: image.reference });
    expect(notices).toEqual([]);
  });

  it("by tag is resolved once, and the line to pin is printed", async () => {
    notices.length = 0;
    const opened = await openImage(`oci:${layout}:1.0`, {}, place);
    expect(opened.reference).toBe(image.reference);
    expect(notices.join()).toContain(`candidate: ${image.reference}`);
  });

  it.for([
    [(at: string) => `oci:${at}`, /neither a digest nor a tag/],
    [(at: string) => `oci:${at}:2.0`, /has no image 2\.0/],
    [(at: string) => `oci:${at}@sha256:${"0".repeat(64)}`, /has no image sha256:000/],
  ] as const)("that is not there or not named is told with what to do: %s", async ([written, message]) => {
    await expect(openImage(written(layout), {}, place)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
  });

  it("becomes a release with its own digest and name, and the very files", async () => {
    const opened = await openImage(image.reference, {}, place);
    const directory = scratch();
    const verified = { at: 1, summary: `sha256:${"e".repeat(64)}` };
    const release = await releaseOf(opened, directory, verified);
    const files = await releaseFromModel(flights("flights-1.onnx"));
    expect(release).toMatchObject({
      digest: image.digest,
      image: image.reference,
      label: "flights-1.0.7",
      model: { digest: files.model.digest },
      verified,
    });
    expect(image.releaseDigest).toBe(files.digest);
    expect(readFileSync(release.model.uri).equals(readFileSync(flights("flights-1.onnx")))).toBe(true);
    expect(release.model.uri.startsWith(directory)).toBe(true);
  });
});
