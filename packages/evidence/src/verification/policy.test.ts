import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EvidenceError } from "../error.ts";
import { readPolicy } from "./policy-file.ts";
import { policyFromInputs } from "./policy-inputs.ts";
import { publicKeyOf } from "./public-key.ts";
import { githubIssuer, identityOf, issuerOf } from "./signer-rule.ts";
import { spanMs, spanText } from "./span.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = String(pair.publicKey.export({ type: "spki", format: "pem" }));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-policy-"));
  await writeFile(join(directory, "cosign.pub"), pem);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const read = (text: string) => readPolicy(text, join(directory, "trust.yaml"));

function refusal(text: string): string {
  try {
    readPolicy(text, "trust.yaml");
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    expect(error.code).toBe("policy");
    return error.message;
  }
  throw new Error("it was read");
}

const message = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return `${(error as EvidenceError).message} ${(error as EvidenceError).remedy}`;
  }
  throw new Error("it was taken");
};

describe("a policy file", () => {
  test("says for all what it says at the top, and for each what is its own", () => {
    const policy = read(`
identity: ${workflow}
max-age: 30d
require:
  eval:
    max-age: 7d
    gates:
      - auc>=baseline-0.01
    rule: prove
    min-confidence: 0.95
    configurations: [sha256:${"c".repeat(64)}]
  scan:
    key: cosign.pub
    severity: [CRITICAL, HIGH]
    max-db-age: 48h
  build:
`);
    const ours = { kind: "identity", identity: workflow, issuer: githubIssuer };
    expect(policy.signature).toEqual(ours);
    expect(policy.require.map(({ evidence }) => evidence)).toEqual(["build", "eval", "scan"]);
    const [build, judged, scan] = policy.require;
    expect(build).toMatchObject({ trust: ours, maxAgeMs: 30 * 86_400_000, expected: { builder: null } });
    expect(judged).toMatchObject({
      maxAgeMs: 7 * 86_400_000,
      expected: {
        gates: ["auc >= baseline - 0.01"],
        rule: "prove",
        minConfidence: 0.95,
        configurations: [`sha256:${"c".repeat(64)}`],
      },
    });
    expect(scan).toMatchObject({
      trust: { kind: "key", publicKey: pem },
      expected: { severity: ["CRITICAL", "HIGH"], maxDatabaseAgeMs: 48 * 3_600_000 },
    });
  });

  test("needs no list: build, eval and scan are the usual", () => {
    expect(read("key: cosign.pub").require.map(({ evidence }) => evidence)).toEqual([
      "build",
      "eval",
      "scan",
    ]);
    expect(read("key: cosign.pub\nrequire: [canary, eval]").require.map(({ evidence }) => evidence)).toEqual([
      "eval",
      "canary",
    ]);
  });

  test("may be JSON, and the same policy has the same digest however it is written", () => {
    const json = read(JSON.stringify({ key: pem, require: ["scan", "eval"] }));
    expect(json.digest).toBe(read("require: [eval, scan]\nkey: cosign.pub # ours").digest);
    expect(json.digest).not.toBe(read("require: [eval]\nkey: cosign.pub").digest);
  });

  test("is told every fault at once, with line and column", () => {
    const text = `identity: "*"
max-age: 3 weeks
requires: [eval]
require:
  eval:
    gates: [f1 > > 3]
    rule: hope
    configurations: [sha256:abc]
  deploy: {}
`;
    const lines = refusal(text).split("\n");
    expect(lines[0]).toBe("trust.yaml is not a policy:");
    const expected = [
      /trust\.yaml:1:1: identity: .*names no owner/,
      /trust\.yaml:2:1: max-age: expected a span of time/,
      /trust\.yaml:3:1: requires: there is no such key/,
      /trust\.yaml:6:13: require: eval: gates: item 1: The gate cannot be read/,
      /trust\.yaml:7:5: require: eval: rule: .*"hope"/,
      /trust\.yaml:8:22: require: eval: configurations: item 1: .*"sha256:abc"/,
      /trust\.yaml:9:3: require: deploy: there is no such key/,
    ];
    for (const pattern of expected)
      expect(
        lines.some((line) => pattern.test(line)),
        String(pattern),
      ).toBe(true);
    expect(lines).toHaveLength(expected.length + 1);
  });

  test("without anybody to believe says the two lines to write", () => {
    const text = message(() => read("require: [eval]"));
    expect(text).toMatch(/\(signature, eval\): neither a key nor an identity is given/);
    expect(text).toMatch(/\n {2}identity: https:.*\n {2}key: cosign.pub/);
    expect(message(() => read("require: {eval: {key: cosign.pub}, scan: }"))).toMatch(/\(signature, scan\)/);
  });

  test("refuses half of one signer and half of another", () => {
    expect(message(() => read(`key: cosign.pub\nidentity: ${workflow}`))).toMatch(
      /both a key and an identity/,
    );
  });

  test.each([
    ["", /found nothing/],
    ["- eval", /found a list/],
    ["a: b: c", /trust\.yaml:1:\d+: /],
    ["key: x\nkey: y", /trust\.yaml:2:1: .*unique/],
    ["__proto__: {identity: x}", /__proto__: there is no such key/],
    ["key: ../../../etc/passwd", /PEM of one/],
    ["key: nowhere.pub", /there is no such file/],
    ["key: .", /it is not a file/],
    ["require: []\nkey: x", /require/],
    ["require: {}\nkey: x", /at least one kind/],
    ["require: [eval, eval]", /each name once/],
    ["require: eval", /trust\.yaml:1:1: require/],
    ["issuer: https://token.actions.githubusercontent.com/*", /exact/],
    ["max-age: -1", /max-age/],
    ["max-age: 0s", /above 0/],
    ["identity: |\n  a\n  ::set-output name=x::y", /white space/],
    [`x: ${"[".repeat(20_000)}`, /trust\.yaml/],
    [
      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]",
      /alias/,
    ],
    ["x".repeat(300_000), /at most 262144/],
  ])("refuses %j in one clear error", (text, pattern) => {
    const said = refusal(text);
    expect(said).toMatch(pattern);
    expect(said).not.toMatch(/^::/m);
    expect(said.length).toBeLessThan(8000);
  });

  test("any text is a policy or an EvidenceError", () => {
    const good = `identity: ${workflow}\nmax-age: 30d\nrequire:\n  eval:\n    gates: [auc >= 0.7]\n`;
    const broken = fc
      .tuple(fc.nat(good.length), fc.nat(20), fc.string({ maxLength: 8 }))
      .map(([at, length, put]) => good.slice(0, at) + put + good.slice(at + length));
    fc.assert(
      fc.property(fc.oneof(broken, fc.json(), fc.string({ unit: "binary" })), (text) => {
        try {
          read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("a policy of inputs", () => {
  test("is the same as a file that says the same", async () => {
    const inputs = {
      require: ["build", "eval"] as const,
      key: pem,
      issuer: githubIssuer,
      "max-age": 86_400_000,
    };
    const policy = await policyFromInputs(inputs);
    expect(policy.name).toBe("inputs");
    expect(policy.digest).toBe(read("key: cosign.pub\nmax-age: 24h\nrequire: [build, eval]").digest);
  });

  test("may be a file", async () => {
    const path = join(directory, "policy.yaml");
    await writeFile(path, "key: cosign.pub\nrequire: [scan]");
    const policy = await policyFromInputs({ require: ["eval"], issuer: githubIssuer, policy: path });
    expect(policy.require.map(({ evidence }) => evidence)).toEqual(["scan"]);
    expect(policy.signature).toEqual({ kind: "key", publicKey: pem });
  });

  test("without anybody to believe is refused", async () => {
    await expect(policyFromInputs({ require: ["eval"], issuer: githubIssuer })).rejects.toThrow(
      /neither a key/,
    );
  });
});

describe("who signs", () => {
  test.each([
    workflow,
    "https://github.com/org/*",
    "https://github.com/org/repo/.github/workflows/*@refs/tags/v*",
    "bot@example.com",
    "*@example.com",
    "spiffe://cluster/ns/ml",
  ])("%s names somebody", (identity) => expect(identityOf(` ${identity} `)).toBe(identity));

  test.each([
    "*",
    "**",
    "https://*",
    "https://github.com/*",
    "https://github.com/*/flights/x",
    "https://*/org/flights/",
    "*@*",
    "*@*.com",
    "bot*",
    "",
    " ",
    "a b",
    "a\nb",
    "a\u202eb",
  ])("%j names nobody", (identity) =>
    expect(message(() => identityOf(identity))).toMatch(/expected the identity of who signs/),
  );

  test("an issuer is exact", () => {
    expect(issuerOf(githubIssuer)).toBe(githubIssuer);
    for (const wrong of [
      "github",
      "https://*.example.com",
      "file:///etc",
      "https://user:secret@example.com",
      "",
    ]) {
      expect(() => issuerOf(wrong)).toThrow(/exact/);
    }
  });

  test("a key is a public one that is strong enough, and a private one is never repeated", () => {
    expect(publicKeyOf(` \n${pem}`)).toBe(pem);
    const secret = String(pair.privateKey.export({ type: "pkcs8", format: "pem" }));
    expect(message(() => publicKeyOf(secret))).toMatch(/found a private one/);
    expect(message(() => publicKeyOf(secret))).not.toContain(secret.split("\n")[1]);
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
    expect(() => publicKeyOf(String(weak.export({ type: "spki", format: "pem" })))).toThrow(/1024/);
    const damaged = pem.replace(/[A-Z]{4}/, "####");
    for (const wrong of ["", "x", damaged, "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"]) {
      expect(() => publicKeyOf(wrong)).toThrow(EvidenceError);
    }
  });
});

describe("a span of time", () => {
  test("is read and written", () => {
    expect(
      ["30d", "48h", "1d12h", "90 m", "45s"].map((text) => spanMs(text.replace(" ", "")) / 1000),
    ).toEqual([2_592_000, 172_800, 129_600, 5400, 45]);
    const spans = [0, 59_400, 60_000, 3_600_000, 5_400_000, 47 * 3_600_000, 48 * 3_600_000, 51 * 3_600_000];
    expect(spans.map(spanText)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "1 h",
      "1 h 30 min",
      "47 h",
      "2 d",
      "2 d 3 h",
    ]);
  });

  test.each(["", "0d", "7", "1w", "1.5d", "-1d", "99999d", "1h1d", "NaN"])("%j is none", (text) =>
    expect(() => spanMs(text)).toThrow(/expected a span/),
  );
});
