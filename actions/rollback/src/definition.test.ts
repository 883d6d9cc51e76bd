import { describe, expect, it } from "vitest";
import { definition } from "./definition.ts";

const digest = `sha256:${"a".repeat(64)}`;
const to = (given: string) => definition.inputs.safeParse({ resource: "flights", to: given });

describe("where a rollback goes", () => {
  it.for([
    ["previous", "previous"],
    [digest, digest],
    [` ${digest}\n`, digest],
    [`ghcr.io/org/flights@${digest}`, digest],
    [`oci:build/image:1.0@${digest}`, digest],
  ])("%s", ([given, meant]) => {
    expect(to(given as string).data?.to).toBe(meant);
  });

  it.for(["", "flights-1", "ghcr.io/org/flights:1.0", "sha256:zz", `a b@${digest}`, `x\n@${digest}`])(
    "is refused: %s",
    (given) => {
      expect(to(given).error?.issues[0]?.message).toMatch(/`previous`, a digest .* or an image by digest/);
    },
  );
});
