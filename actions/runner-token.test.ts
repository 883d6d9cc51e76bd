import { describe, expect, it } from "vitest";
import { publicLogWarning } from "./runner-token.ts";

const tokenOf = (claims: unknown) => `a.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c`;

describe("what public Sigstore's log would tell", () => {
  it.each(["private", "internal"])("is said of a repository that is %s", (visibility) => {
    const warning = publicLogWarning(
      tokenOf({ repository: "org/flights", repository_visibility: visibility }),
    );
    expect(warning).toContain(`This repository is ${visibility}`);
    expect(warning).toContain("org/flights, the workflow and the commit to everyone");
  });

  it.each([
    ["a public one", tokenOf({ repository: "org/flights", repository_visibility: "public" })],
    ["one of another issuer", tokenOf({ sub: "x" })],
    ["a token of another form", tokenOf(null)],
    ["no token", "x"],
  ])("is not said of %s", (_, token) => {
    expect(publicLogWarning(token)).toBeNull();
  });
});
