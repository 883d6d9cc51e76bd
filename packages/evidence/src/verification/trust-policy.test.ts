import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nothingExpected, policyDocument } from "./policy.ts";
import { githubIssuer } from "./signer-rule.ts";
import { trustPolicy } from "./trust-policy.ts";
import type { SignerRule } from "./types.ts";

const frozen = join(import.meta.dirname, "corpus/0.1.0/ours-keyless/trust.json");
const { trustedRoot } = JSON.parse(readFileSync(frozen, "utf8"));
const workflow: SignerRule = {
  kind: "identity",
  identity: "https://github.com/org/x/y",
  issuer: githubIssuer,
};
const key: SignerRule = { kind: "key", publicKey: "PEM" };
let directory: string;
let path: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "ml-actions-trust-"));
  path = join(directory, "trusted-root.json");
  writeFileSync(path, JSON.stringify(trustedRoot));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const document = (trust: SignerRule) =>
  policyDocument("inputs", trust, [{ evidence: "eval", trust, maxAgeMs: null, expected: nothingExpected }]);

test("keys alone need no trusted root, and nobody is asked for one", async () => {
  const policy = document(key);
  const trusted = await trustPolicy(policy, { tufUrl: "http://127.0.0.1:1" });
  expect(trusted).toEqual(policy);
});

test("identities take the root of the file, and another root is another policy", async () => {
  const trusted = await trustPolicy(document(workflow), { trustedRoot: path });
  expect(trusted.signature).toEqual({ ...workflow, trustedRoot });
  expect(trusted.require[0]?.trust).toEqual({ ...workflow, trustedRoot });
  const other = join(directory, "other.json");
  writeFileSync(other, JSON.stringify({ ...trustedRoot, ctlogs: [] }));
  expect((await trustPolicy(document(workflow), { trustedRoot: other })).digest).not.toBe(trusted.digest);
});

test.each([
  ["missing.json", /cannot be read \(ENOENT\)/],
  ["not.json", /not JSON/],
  ["empty.json", /mediaType/],
])("a root that is none is told: %s", async (name, message) => {
  writeFileSync(join(directory, "not.json"), "{");
  writeFileSync(join(directory, "empty.json"), "{}");
  await expect(trustPolicy(document(workflow), { trustedRoot: join(directory, name) })).rejects.toMatchObject(
    {
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    },
  );
});

test("a TUF repository that cannot be reached is told", async () => {
  await expect(
    trustPolicy(document(workflow), { tufUrl: "http://127.0.0.1:1#sha256:zz" }),
  ).rejects.toMatchObject({
    code: "trusted-root",
  });
});
