import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OciError } from "./errors.ts";
import { mediaTypes, parseDocument } from "./manifest.ts";

const [manifestType = "", dockerType = ""] = mediaTypes.manifest;
const [indexType = ""] = mediaTypes.index;
const descriptor = { mediaType: "x/y", digest: `sha256:${"0".repeat(64)}`, size: 2 };
const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };
const parse = (value: unknown, type = manifestType) =>
  parseDocument(Buffer.from(JSON.stringify(value)), type, "m");

describe("a manifest", () => {
  it("is told from an index by the type it is served as", () => {
    expect(parse({ ...manifest, mediaType: dockerType }, `${dockerType}; charset=utf-8`).kind).toBe(
      "manifest",
    );
    expect(parse({ schemaVersion: 2, manifests: [descriptor] }, indexType).kind).toBe("index");
  });

  it.each<[string, unknown, string, RegExp]>([
    ["of another type", manifest, "text/html", /of the type "text\/html"/],
    ["that calls itself an index", { ...manifest, mediaType: indexType }, manifestType, /calls itself/],
    ["of another version", { ...manifest, schemaVersion: 1 }, manifestType, /schemaVersion/],
    ["without layers", { ...manifest, layers: undefined }, manifestType, /layers/],
    [
      "with a digest of another kind",
      { ...manifest, config: { ...descriptor, digest: "md5:0" } },
      manifestType,
      /digest/,
    ],
    [
      "with a negative size",
      { ...manifest, layers: [{ ...descriptor, size: -1 }] },
      manifestType,
      /layers\.0\.size/,
    ],
    ["that is null", null, manifestType, /expected object/],
  ])("%s is refused", (_name, value, type, message) => {
    expect(() => parse(value, type)).toThrow(OciError);
    expect(() => parse(value, type)).toThrow(message);
  });

  it("ends in a document or an OciError, whatever a registry sends", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.jsonValue(), (bytes, value) => {
        for (const attempt of [
          () => parseDocument(bytes, manifestType, "m"),
          () => parse({ ...manifest, layers: value }),
        ]) {
          try {
            attempt();
          } catch (error) {
            expect(error).toBeInstanceOf(OciError);
          }
        }
      }),
    );
  });
});
