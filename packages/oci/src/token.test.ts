import { describe, expect, it } from "vitest";
import { parseChallenge } from "./token.ts";

describe("a registry's challenge", () => {
  it("is read with its quotes and commas", () => {
    const header =
      'Bearer realm="https://auth.example/token",service="registry, example",scope="repository:a/b:pull,push"';
    expect(parseChallenge(header)).toEqual({
      scheme: "bearer",
      realm: new URL("https://auth.example/token"),
      service: "registry, example",
      scope: "repository:a/b:pull,push",
    });
    expect(parseChallenge("bearer realm=https://a.example/t")).toMatchObject({ service: null, scope: null });
    expect(parseChallenge('Basic realm="x"')).toEqual({ scheme: "basic" });
  });

  it("is none when it is absent, of another scheme, or names no URL", () => {
    for (const header of [null, "", "Digest x=1", 'Bearer realm="nowhere"', "Bearer"]) {
      expect(parseChallenge(header)).toBeNull();
    }
  });
});
