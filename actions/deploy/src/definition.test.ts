import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newSigning, scratch } from "../../../test/actions/image-fixture.ts";
import { flights } from "../../../test/actions/suite.ts";
import { definition } from "./definition.ts";

const image = `ghcr.io/org/flights@sha256:${"a".repeat(64)}`;
const { key } = newSigning();
const policy = join(scratch(), "policy.yaml");
writeFileSync(policy, "require: [eval]\n");

function problems(given: Record<string, string>): string[] {
  const { error } = definition.inputs.safeParse({ resource: "flights", ...given });
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

describe("the inputs of deploy", () => {
  it("take an image with who signs its evidence, or a file alone", () => {
    expect(problems({ candidate: image, key })).toEqual([]);
    expect(problems({ candidate: image, policy })).toEqual([]);
    expect(problems({ candidate: image, key, username: "robot", password: "x" })).toEqual([]);
    expect(problems({ candidate: flights("flights-1.onnx") })).toEqual([]);
  });

  it("refuse all that asks a file for evidence, at once", () => {
    const asked = { key, policy, require: "eval", "max-age": "30d", username: "robot", password: "x" };
    const found = problems({ candidate: flights("flights-1.onnx"), ...asked });
    expect(found.map((problem) => problem.split(":")[0]).sort()).toEqual([
      "key",
      "max-age",
      "policy",
      "require",
      "username",
    ]);
    for (const problem of found) expect(problem).toContain("carries no evidence");
  });

  it("refuse an image whose evidence nobody signs, or anybody", () => {
    expect(problems({ candidate: image }).join()).toMatch(/^identity: .*neither a key nor an identity/);
    expect(problems({ candidate: image, identity: "*" }).join()).toMatch(/^identity: /);
    expect(problems({ candidate: image, key, policy }).join()).toMatch(/^key: is given beside `policy`/);
    expect(problems({ candidate: image, key, password: "x" }).join()).toMatch(/^username: is missing/);
  });
});
