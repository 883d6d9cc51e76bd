import { describe, expect, it } from "vitest";
import { parseSigningServices, readSigningServices } from "./services.ts";

const now = Date.UTC(2026, 10, 22);
const mediaType = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
const service = (url: string, majorApiVersion = 1, start = "2026-01-01T00:00:00Z", end?: string) => ({
  url,
  majorApiVersion,
  validFor: { start, ...(end !== undefined && { end }) },
  operator: "x",
});
const any = { selector: "ANY" };
const config = (changes: object = {}) => ({
  mediaType,
  caUrls: [service("https://fulcio")],
  rekorTlogUrls: [service("https://rekor")],
  rekorTlogConfig: any,
  tsaUrls: [service("https://tsa/api/v1/timestamp")],
  tsaConfig: any,
  ...changes,
});

describe("where to sign is in the signing configuration", () => {
  it("names each service", () => {
    expect(readSigningServices(config(), now)).toEqual({
      fulcioUrl: "https://fulcio",
      rekor: { url: "https://rekor", version: 1 },
      tsaUrl: "https://tsa/api/v1/timestamp",
    });
  });

  it("takes the highest version that is spoken, then the newest that is in service", () => {
    const rekorTlogUrls = [
      service("https://old", 1),
      service("https://past", 2, "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
      service("https://two", 2, "2026-01-01T00:00:00Z"),
      service("https://newer-two", 2, "2026-06-01T00:00:00Z"),
      service("https://not-yet", 2, "2027-01-01T00:00:00Z"),
      service("https://three", 3),
    ];
    expect(readSigningServices(config({ rekorTlogUrls }), now).rekor).toEqual({
      url: "https://newer-two",
      version: 2,
    });
  });

  it("may do without a log, or without a timestamp authority", () => {
    expect(readSigningServices(config({ rekorTlogConfig: undefined }), now).rekor).toBeNull();
    expect(readSigningServices(config({ tsaConfig: undefined }), now).tsaUrl).toBeNull();
  });

  it.each([
    ["nothing", null, "is not there"],
    ["no object", 1, "mediaType"],
    ["another file", { mediaType: "application/vnd.dev.sigstore.trustedroot+json" }, "trustedroot"],
    ["no authority", config({ caUrls: [] }), "no certificate authority"],
    [
      "an authority of a later API",
      config({ caUrls: [service("https://fulcio", 2)] }),
      "no certificate authority",
    ],
    ["an address that is none", config({ caUrls: [service("file:///etc")] }), "no certificate authority"],
    [
      "nobody for the time",
      config({ rekorTlogConfig: undefined, tsaConfig: undefined }),
      "vouches for the time",
    ],
    [
      "a log that vouches for no time",
      config({ rekorTlogUrls: [service("https://two", 2)], tsaConfig: undefined }),
      "vouches for the time",
    ],
  ])("is refused: %s", (_, value, why) => {
    expect(() => readSigningServices(value, now)).toThrow(why);
  });

  it("is refused by its file's name when it is no JSON", () => {
    expect(() => parseSigningServices("x", "signing.json", now)).toThrow("signing.json is not JSON");
  });
});
