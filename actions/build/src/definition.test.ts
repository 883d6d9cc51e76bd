import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseInputs } from "@ml-actions/action-kit/inputs";
import { describe, expect, it } from "vitest";
import { definition } from "./definition.ts";

const directory = mkdtempSync(join(tmpdir(), "ml-actions-build-"));
const model = join(directory, "flights-2.onnx");
const dockerfile = join(directory, "Dockerfile");
writeFileSync(model, "x");
writeFileSync(dockerfile, "FROM scratch\n");

const good = { model, name: "flights", version: "1.4", registry: "ghcr.io/octo-org" };

async function parse(given: Record<string, string>) {
  const environment = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  );
  return parseInputs(definition, environment, directory);
}

async function problems(given: Record<string, string>): Promise<string[]> {
  const parsed = await parse(given);
  return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
}

describe("inputs of build", () => {
  it("have defaults that a workflow shows", async () => {
    const parsed = await parse(good);
    expect(parsed.ok && parsed.inputs).toMatchObject({
      base: "gcr.io/distroless/nodejs24-debian13:nonroot",
      platforms: ["linux/amd64", "linux/arm64"],
      push: true,
    });
  });

  it("take a registry's owner with capitals, as `github.repository_owner` gives it", async () => {
    const parsed = await parse({ ...good, registry: "ghcr.io/Octo-Org" });
    expect(parsed.ok && parsed.inputs.registry).toBe("ghcr.io/octo-org");
  });

  it("need no registry where nothing is pushed", async () => {
    const { registry: _none, ...rest } = good;
    expect(await problems({ ...rest, push: "false" })).toEqual([]);
    expect(await problems({ ...rest, layout: "build/image" })).toEqual([]);
  });

  it.each([
    [
      { name: "Flights" },
      /`name`: expected the name of an image, such as `flights`, got "Flights": write "flights"/,
    ],
    [{ name: "flights;rm -rf /" }, /`name`: expected/],
    [{ name: "../flights" }, /`name`: expected/],
    [{ name: "flights\n::set-output name=image::evil" }, /`name`: expected.*\\n::set-output/],
    [{ name: "flights:latest" }, /`name`: expected/],
    [{ name: "flights@sha256:0" }, /`name`: expected/],
    [{ name: "__proto__" }, /`name`: expected/],
    [{ name: "a".repeat(129) }, /`name`: expected/],
    [{ version: "1" }, /`version`: expected `major.minor`, such as `1.4`, got "1"/],
    [{ version: "1.4.2" }, /the third part is the number of the run/],
    [{ version: "v1.4.2" }, /the third part is the number of the run/],
    [{ version: "01.4" }, /`version`: expected/],
    [{ version: "1.4\n" + "x" }, /`version`: expected/],
    [{ version: "NaN" }, /`version`: expected/],
    [{ registry: "https://ghcr.io/octo-org" }, /`registry`: expected a registry.*leave out the scheme/],
    [{ registry: "octo-org" }, /`registry`: expected a registry/],
    [{ registry: "ghcr.io/octo-org:latest" }, /`registry`: expected a registry/],
    [{ registry: "ghcr.io/../etc" }, /`registry`: expected a registry/],
    [{ registry: "user:secret@ghcr.io/octo-org" }, /`registry`: expected a registry/],
    [{ base: "distroless" }, /`base`: expected the reference of an image.*names no registry/],
    [{ base: "gcr.io/distroless/nodejs24-debian13" }, /`base`: expected a tag or a digest behind/],
    [{ base: "gcr.io/distroless/nodejs24:$(id)" }, /`base`: expected the reference of an image/],
    [{ platforms: "linux/amd64, windows/amd64" }, /`platforms` \(item 2\): expected one of `linux\/amd64`/],
    [{ platforms: "linux/amd64, linux/amd64" }, /`platforms`.*twice/],
    [{ push: "yes" }, /`push`: expected `true` or `false`/],
    [{ username: "a\nb", password: "x" }, /`username`: expected a user name/],
    [{ username: "me" }, /`password` is missing: `username` is given without it/],
    [{ password: "x" }, /`username` is missing: `password` is given without it/],
    [{ layout: "build/image" }, /`layout` is given beside `registry`/],
    [{ model: "nowhere.onnx" }, /`model`.*there is no such file/],
    [{ contract: directory }, /`contract`.*is a directory, a file is expected/],
    [{ profile: "nowhere.json" }, /`profile`.*there is no such file/],
    [{ evidence: "nowhere.json" }, /`evidence`.*there is no such file/],
    [{ dockerfile: "nowhere" }, /`dockerfile`.*there is no such file/],
    [{ dockerfile, base: "gcr.io/x/y:1" }, /`base` is given beside `dockerfile`/],
    [{ modelcar: "busybox" }, /`modelcar`: expected/],
  ])("are refused by name: %j", async (change, expected) => {
    const found = await problems({ ...good, ...change });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
    expect(found[0]).not.toMatch(/^::/m);
  });

  it("are refused all at once, without the password", async () => {
    const found = await problems({ name: "A", version: "x", password: "s3cret", model: "no.onnx" });
    expect(found.length).toBeGreaterThanOrEqual(4);
    expect(found.join("\n")).not.toContain("s3cret");
  });

  it.each([
    ["a/b", "a:b"],
    ["oci-layout", "build\nimage"],
  ])("take the layout %j, but not %j, which references could not name", async (fine, wrong) => {
    const { registry: _none, ...rest } = good;
    expect(await problems({ ...rest, layout: fine })).toEqual([]);
    expect((await problems({ ...rest, layout: wrong }))[0]).toMatch(/^`layout`: expected a path/);
  });

  it("tell a version that YAML has cut from one in quotes", async () => {
    writeFileSync(join(directory, "delivery.yaml"), "build:\n  version: 1.10\n");
    const { version: _none, ...rest } = good;
    expect((await problems(rest))[0]).toMatch(
      /`version` \(delivery.yaml:2:\d+\): expected the version in quotes/,
    );
    writeFileSync(join(directory, "delivery.yaml"), 'build:\n  version: "1.10"\n');
    const parsed = await parse(rest);
    expect(parsed.ok && parsed.inputs.version).toBe("1.10");
  });
});
