/** The program `npm run policies`, as a process. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readRequest } from "./policies-request.ts";

const program = join(import.meta.dirname, "policies.ts");
const identity = "identity: https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const whole = `verify:\n  ${identity}\nbuild:\n  registry: ghcr.io/Octo-Org\n`;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ml-actions-policies-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function run(config: string | null, ...args: string[]) {
  if (config !== null) writeFileSync(join(directory, "delivery.yaml"), config);
  const child = spawnSync(process.execPath, ["--no-maglev", program, ...args], {
    cwd: directory,
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });
  return { code: child.status, stdout: child.stdout, stderr: child.stderr };
}

const read = (path: string) => readFileSync(join(directory, "build/policies", path), "utf8");

it("writes the policies of all engines, and tells what they cannot check", () => {
  const { code, stdout, stderr } = run(whole);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^policy-controller: build\/policies\/policy-controller\/cluster-image-policies\.yaml$/m,
  );
  expect(stdout).toMatch(/^ {2}- one statement that holds is enough/m);
  expect(read("gatekeeper/constraints.yaml")).toContain("- ghcr.io/octo-org\n");
  expect(read("kyverno/image-validating-policy.yaml")).toContain("glob: ghcr.io/octo-org/*");
});

it("reads the policy file that the section names, and other registries", () => {
  writeFileSync(join(directory, "trust.yaml"), `${identity}\nrequire: {eval: {rule: prove}}\n`);
  const { code } = run(
    "verify: {policy: trust.yaml}\n",
    "--registry",
    "a.example",
    "--registry",
    "b.example/c",
  );
  expect(code).toBe(0);
  expect(read("policy-controller/cluster-image-policies.yaml")).toMatch(
    /From the policy of evidence trust\.yaml/,
  );
  expect(read("gatekeeper/constraints.yaml")).toMatch(/- a\.example\n\s+- b\.example\/c\n/);
});

it("writes anew over what it wrote, and removes what is no longer generated", () => {
  expect(run(whole).code).toBe(0);
  writeFileSync(join(directory, "build/policies/kyverno/old.yaml"), read("gatekeeper/constraints.yaml"));
  expect(run(whole, "--audit").code).toBe(0);
  expect(readdirSync(join(directory, "build/policies/kyverno"))).toEqual(["image-validating-policy.yaml"]);
  expect(read("policy-controller/cluster-image-policies.yaml")).toContain("mode: warn");
});

it.each([
  ["beside them", "notes.txt"],
  ["in a folder of theirs", "kyverno/mine.yaml"],
])("touches no folder that holds others' files: %s", (_, file) => {
  mkdirSync(join(directory, "build/policies/kyverno"), { recursive: true });
  writeFileSync(join(directory, "build/policies", file), "kind: Secret\n");
  const { code, stderr } = run(whole);
  expect(code).toBe(2);
  expect(stderr).toMatch(/did not write.*(notes\.txt|mine\.yaml)/);
  expect(existsSync(join(directory, "build/policies/gatekeeper"))).toBe(false);
});

it.each([
  ["no file", null, [], /delivery\.yaml: there is no such file/],
  ["a file that is none", "verify: [", [], /not valid YAML/],
  ["no section", "x-none: 1\n", [], /neither a key nor an identity.*\n.*\n.*identity: https/],
  [
    "a word that is no input",
    `verify:\n  ${identity}\n  requires: eval\n`,
    [],
    /no input "requires".*`require`/,
  ],
  ["nobody's identity", 'verify: {identity: "https://github.com/*"}\n', [], /names no owner/],
  ["no registry", `verify:\n  ${identity}\n`, [], /which registries.*\n.*--registry/],
  ["a registry that is none", whole, ["ghcr.io/*"], /expected a registry/],
  ["a registry with a line break", whole, ["ghcr.io/x\n::error::x"], /expected a registry/],
  [
    "a checksum that is missing",
    `${whole.replace("build", "  tuf-url: https://tuf.example\nbuild")}`,
    [],
    /no checksum/,
  ],
] as [string, string | null, string[], RegExp][])(
  "says what to mend: %s",
  async (_, config, registry, message) => {
    const path = join(directory, "delivery.yaml");
    if (config !== null) writeFileSync(path, config);
    const refusal = readRequest({ config: path, registry, audit: false }, directory);
    const error = await refusal.then(
      () => new Error("nothing was refused"),
      (reason: Error & { remedy?: string }) => reason,
    );
    expect(`${error.message}\n${"remedy" in error ? error.remedy : ""}`).toMatch(message);
    expect("remedy" in error).toBe(true);
  },
);

it.each([
  ["an option that is none", ["--outt", "x"], /Unknown option '--outt'[\s\S]*usage:/],
  ["a configuration that is not there", ["--config", "none.yaml"], /none\.yaml: there is no such file/],
])("ends without a trace of the stack or a file: %s", (_, args, message) => {
  const { code, stdout, stderr } = run(whole, ...args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at |^::/m);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(existsSync(join(directory, "build"))).toBe(false);
});
