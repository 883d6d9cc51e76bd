import { identityMatches } from "@ml-actions/evidence/signing/identity";
import { type PolicyDocument, readPolicy } from "@ml-actions/evidence/verification";
import { newKey } from "@ml-actions/evidence/verification/testing/image";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { admissionFiles } from "./admission.ts";
import { anchoredPattern, gatePattern, literal, regoTerm } from "./pattern.ts";
import type { AdmissionRequest } from "./types.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const policyOf = (text: string): PolicyDocument => readPolicy(text, "trust.yaml");
const key = () => {
  const { trust } = newKey();
  return trust.kind === "key" ? trust.publicKey : "";
};

const request = (changes: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  policy: policyOf(`identity: ${workflow}`),
  sigstore: { kind: "public" },
  registries: ["ghcr.io/octo-org"],
  audit: false,
  ...changes,
});
const textOf = (changes: Partial<AdmissionRequest>, part: string) =>
  admissionFiles(request(changes))
    .files.filter(({ path }) => path.includes(part))
    .map(({ text }) => text)
    .join("---\n");
const said = (changes: Partial<AdmissionRequest>) =>
  admissionFiles(request(changes)).unchecked.map(({ engine, what }) => `${engine}: ${what}`);

describe("admission files", () => {
  it("are these", async () => {
    const { files } = admissionFiles(
      request({
        policy: policyOf(
          `identity: ${workflow.replace("main", "*")}\nmax-age: 30d\nrequire:\n  eval: {gates: ["f1{carrier=*} >= 0.3"], rule: prove, min-confidence: 0.9}\n  scan: {severity: [HIGH]}\n`,
        ),
      }),
    );
    for (const { path, text } of files) {
      await expect(text).toMatchFileSnapshot(`goldens/${path.replace("/", "-")}`);
    }
  });

  it("are the same bytes each time, and other ones for another policy", () => {
    expect(admissionFiles(request())).toEqual(admissionFiles(request()));
    const [one] = admissionFiles(request()).files;
    const [other] = admissionFiles(request({ policy: policyOf(`identity: ${workflow}x`) })).files;
    expect(one?.text).not.toBe(other?.text);
    expect(one?.text).toContain(request().policy.digest);
  });

  it("tell what is not checked in their heads as in the report", () => {
    const { files, unchecked } = admissionFiles(request());
    for (const { engine, what } of unchecked) {
      for (const { path, text } of files.filter((file) => file.path.startsWith(`${engine}/`))) {
        expect(text, path).toContain(what);
      }
    }
  });

  it("only tell with audit", () => {
    expect(textOf({ audit: true }, "policy-controller")).toMatch(/mode: warn/);
    expect(textOf({ audit: true }, "kyverno")).toMatch(/validationActions:\n +- Audit/);
    expect(textOf({ audit: true }, "gatekeeper/constraints")).toMatch(/enforcementAction: warn/);
    expect(textOf({ audit: true }, "")).not.toMatch(/mode: enforce|- Deny|enforcementAction: deny/);
  });

  it.each([
    ["all of it by a key", () => `key: ${JSON.stringify(key())}`],
    ["one kind by a key", () => `identity: ${workflow}\nrequire: {eval: {key: ${JSON.stringify(key())}}}`],
  ])("for policy-controller are none, with a reason: %s", (_, text) => {
    const policy = policyOf(text());
    expect(textOf({ policy }, "policy-controller")).toBe("");
    expect(said({ policy }).filter((line) => line.startsWith("policy-controller"))).toEqual([
      expect.stringMatching(/nothing is generated.*keyless.*Use Kyverno/),
    ]);
    expect(textOf({ policy }, "kyverno")).toContain("BEGIN PUBLIC KEY");
  });

  it("for a trusted root without timestamps, or for Kyverno with one, are none, with a reason", () => {
    const sigstore = { kind: "trusted-root", root: { certificateAuthorities: [{ uri: "x" }] } } as const;
    expect(said({ sigstore }).filter((line) => line.includes("nothing is generated"))).toEqual([
      expect.stringMatching(/policy-controller.*no timestamp authority.*tuf-url/),
      expect.stringMatching(/kyverno.*TUF/),
    ]);
  });
});

describe("registries", () => {
  it.each([
    [[]],
    [[""]],
    [["ghcr.io/"]],
    [["https://ghcr.io"]],
    [["ghcr.io/*"]],
    [["ghcr.io/x\n- evil"]],
    [["ghcr.io/x", "GHCR.io/x"]],
    [['ghcr.io/"x']],
    [["a".repeat(400)]],
  ])("are refused, with what to write: %j", (registries) => {
    expect(() => admissionFiles(request({ registries }))).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining("--registry ghcr.io/octo-org") }),
    );
  });

  it("on Docker Hub are written as each engine writes references out", () => {
    expect(textOf({ registries: ["docker.io/org"] }, "policy-controller")).toContain(
      "index.docker.io/org/**",
    );
  });
});

describe("hostile words", () => {
  const hostile = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
  const nasty = [
    `"}\n\nproblems[x] { false }\nisCompliant := true #`,
    "') || true || ('",
    '" || true || "',
    "\\",
    "`",
    "\u2028kind: Pod",
    "*/ # ---\napiVersion: v1",
    "__proto__",
  ];

  it("are data in Rego and CEL, character by character", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.constantFrom(...nasty)), (text) => {
        expect(literal(text)).toMatch(/^"(?:[^"\\\p{Cc}]|\\(?:["\\bfnrt]|u[0-9a-f]{4}))*"$/u);
        expect(JSON.parse(literal(text))).toBe(text);
        expect(JSON.parse(regoTerm({ text }))).toEqual({ text });
      }),
      { seed: 5 },
    );
  });

  it("never become another object, another line of a comment or another rule", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.constantFrom(...nasty)), (word) => {
        const policy = policyOf(`identity: ${workflow}\nrequire: {eval: null, build: null}`);
        const expected = policy.require[0]?.expected as PolicyDocument["require"][number]["expected"];
        const changed: PolicyDocument = {
          ...policy,
          name: word,
          require: policy.require.map((requirement) => ({
            ...requirement,
            trust: { kind: "identity", identity: word, issuer: word },
            expected: { ...expected, gates: [word], builder: word, configurations: [word] },
          })),
        };
        const { files } = admissionFiles(request({ policy: changed }));
        const plain = admissionFiles(request({ policy })).files;
        expect(files.map(({ path }) => path)).toEqual(plain.map(({ path }) => path));
        files.forEach(({ text }, index) => {
          const kinds = (yaml: string) =>
            parseAllDocuments(yaml).map((each) => (each.toJS() as { kind: string }).kind);
          expect(kinds(text)).toEqual(kinds(plain[index]?.text ?? ""));
          expect(text.split("\n")[1]).toMatch(/^# From the policy of evidence /);
        });
      }),
      { seed: 6, numRuns: 25 },
    );
  });
});

describe("patterns", () => {
  it("match what verify matches, and nothing more", () => {
    const part = fc.constantFrom(
      "a",
      ".",
      "*",
      "+",
      "(",
      ")",
      "[",
      "$",
      "^",
      "|",
      "\\",
      "/",
      "-",
      "b",
      "{",
      "?",
    );
    const word = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(word, word, (glob, text) => {
        expect(new RegExp(anchoredPattern(glob), "su").test(text)).toBe(identityMatches(glob, text));
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it("of a gate for every slice match each of its slices", () => {
    const pattern = new RegExp(gatePattern("f1{carrier=*} >= 0.3"), "u");
    expect(pattern.test("f1{carrier=UA} >= 0.3")).toBe(true);
    expect(pattern.test('f1{carrier="a}b"} >= 0.3')).toBe(true);
    for (const other of [
      "f1{origin=UA} >= 0.3",
      "f1{carrier=UA} >= 0.2",
      "f1{carrier=UA} >= 0x3",
      "f1 >= 0.3",
    ]) {
      expect(pattern.test(other), other).toBe(false);
    }
    expect(gatePattern('f1{carrier="*"} >= 0.3')).not.toContain(".+");
  });
});
