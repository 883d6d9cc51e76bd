import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OciError } from "./errors.ts";
import { formatReference, parseReference } from "./reference.ts";

const digest = `sha256:${"a1".repeat(32)}`;

describe("a reference", () => {
  it.each([
    ["ghcr.io/org/model:1.2", { registry: "ghcr.io", repository: "org/model", tag: "1.2" }],
    [`127.0.0.1:5000/m@${digest}`, { registry: "127.0.0.1:5000", repository: "m", digest }],
    [`localhost/a/b/c:t@${digest}`, { registry: "localhost", repository: "a/b/c", tag: "t", digest }],
    ["[::1]:5000/m", { registry: "[::1]:5000", repository: "m" }],
    ["docker.io/busybox", { registry: "docker.io", repository: "library/busybox" }],
    ["registry.example/a__b--c.d:X_y", { registry: "registry.example", repository: "a__b--c.d", tag: "X_y" }],
  ])("%s is taken apart", (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    ["busybox", "it names no registry"],
    ["org/model:1", 'it begins with "org", which is no registry\'s host'],
    ["ghcr.io/Org/Model", "a repository is written in lower case"],
    ["ghcr.io/model@sha256:12", "its digest is not sha256: and 64 hex digits"],
    ["ghcr.io/a//b", "characters that are not allowed"],
    ["ghcr.io/../../etc/passwd", "characters that are not allowed"],
    ["ghcr.io/model:tag\nx", "white space"],
    ["ghcr.io/model?x=1", "characters that are not allowed"],
    [`ghcr.io/${"a".repeat(2000)}`, "longer than 1000"],
    ["", "it names no registry"],
  ])("%j is refused", (text, why) => {
    expect(() => parseReference(text)).toThrow(OciError);
    expect(() => parseReference(text)).toThrow(why);
  });

  it("survives writing and reading, and no text ends in another error or a long search", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9.:/@_-]{0,60}$/)), (text) => {
        try {
          const reference = parseReference(text);
          expect(parseReference(formatReference(reference))).toEqual(reference);
        } catch (error) {
          expect(error).toBeInstanceOf(OciError);
        }
      }),
      { numRuns: 2000 },
    );
    const began = performance.now();
    expect(() => parseReference(`a.b/${"a-".repeat(450)}!`)).toThrow(OciError);
    expect(performance.now() - began).toBeLessThan(200);
  });
});
