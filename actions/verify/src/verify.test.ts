import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ActionContext, NegativeVerdict } from "@ml-actions/action-kit/action";
import { parseInputs } from "@ml-actions/action-kit/inputs";
import { type EvidenceSigner, keySigner, verifySigned } from "@ml-actions/evidence/signing";
import { readPolicy } from "@ml-actions/evidence/verification";
import { buildOf, evalOf, evalThat, scanOf } from "@ml-actions/evidence/verification/testing/evidence";
import {
  layoutStore,
  newKey,
  pushImage,
  type TestImage,
} from "@ml-actions/evidence/verification/testing/image";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { definition, type VerifyOutputs } from "./definition.ts";
import { verify } from "./verify.ts";

const aMomentAgo = () => Date.now() - 1000;
const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
let layout: Awaited<ReturnType<typeof layoutStore>>;
let directory: string;
let signer: EvidenceSigner;
let key: string;
let image: TestImage;
let images = 0;

beforeAll(async () => {
  layout = await layoutStore();
  directory = mkdtempSync(join(tmpdir(), "ml-actions-verify-"));
  signer = newKey();
  key = signer.trust.kind === "key" ? signer.trust.publicKey : "";
  writeFileSync(join(directory, "cosign.pub"), key);
});
beforeEach(async () => {
  image = await pushImage(layout.store, `image ${images++}`);
});
afterAll(async () => {
  await layout.remove();
  rmSync(directory, { recursive: true, force: true });
});

interface Said {
  outputs: Partial<Record<keyof VerifyOutputs, string>>;
  lines: string[];
  errors: string[];
  summary: string;
  thrown: unknown;
}

async function run(given: Record<string, string>): Promise<Said> {
  const environment = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  );
  const parsed = await parseInputs(definition, environment, directory);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join("\n"));
  const said: Said = { outputs: {}, lines: [], errors: [], summary: "", thrown: null };
  const context = {
    log: {
      info: (line: string) => void said.lines.push(line),
      notice: (line: string) => void said.lines.push(line),
      error: (line: string) => void said.errors.push(line),
      debug: () => undefined,
    },
    output: (name: keyof VerifyOutputs, value: string) => {
      said.outputs[name] = value;
    },
    summary: async (markdown: string) => {
      said.summary += markdown;
    },
    directory: mkdtempSync(join(directory, "run-")),
    holder: "https://github.com/org/flights/actions/runs/1/attempts/1#deliver-1",
  } as unknown as ActionContext<VerifyOutputs>;
  await verify(parsed.inputs, context).catch((error: unknown) => {
    said.thrown = error;
  });
  return said;
}

const reference = () => `${image.store.name}@${image.digest}`;

describe("verify", () => {
  it("prints one table and writes a signed summary of what it rests on", async () => {
    await image.sign(signer);
    for (const make of [
      () => buildOf(undefined, aMomentAgo()),
      () => evalOf({}, aMomentAgo()),
      () => scanOf({}, aMomentAgo()),
    ]) {
      await image.attest(signer, make());
    }
    const pem = String(
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }),
    );
    const said = await run({
      image: reference(),
      key: "cosign.pub".replace(/^/, `${directory}/`),
      "max-age": "1h",
      "signing-key": pem,
    });
    expect(said.thrown).toBeNull();
    expect(said.errors).toEqual([]);
    expect(said.outputs).toMatchObject({ verdict: "pass", passed: "true" });
    expect(said.lines[0]).toMatch(/^evidence +signer +age +verdict$/);
    expect(said.lines.slice(1, 9).join("\n")).toMatch(
      /^signature +key sha256:\w{12}… +— +pass\n {2}signed .*\nbuild .* \d s +pass\n {2}built by .*\neval .* pass\n {2}PASSED.*\nscan .* pass\n {2}pass.*$/,
    );
    expect(said.summary).toMatch(/\| Evidence \| Verdict \| Age \|\n[\s\S]*\nSigned by `key sha256:/);

    const text = readFileSync(said.outputs.evidence as string, "utf8");
    const statement = JSON.parse(text);
    expect(statement).toMatchObject({
      predicateType: "https://slsa.dev/verification_summary/v1",
      subject: [{ name: image.store.name, digest: { sha256: image.digest.slice(7) } }],
      predicate: {
        verifier: { id: "https://ml-actions.github.io/verify" },
        resourceUri: reference(),
        policy: { uri: expect.stringMatching(/^https:\/\/github.com\/org\/flights\/actions\/runs\/1/) },
        verificationResult: "PASSED",
        verifiedLevels: [
          "ML_ACTIONS_SIGNATURE",
          "SLSA_BUILD_LEVEL_1",
          "ML_ACTIONS_BUILD",
          "ML_ACTIONS_EVAL",
          "ML_ACTIONS_SCAN",
        ],
      },
    });
    expect(statement.predicate.inputAttestations).toHaveLength(4);
    const signed = await verifySigned(
      readFileSync(said.outputs.bundle as string, "utf8"),
      keySigner(pem).trust,
    );
    expect(signed.statementDigest).toBe(digestOfBytes(text));
  });

  it("says no last, after everything that is wrong, with remedies", async () => {
    await image.sign(signer);
    await image.attest(signer, evalThat("fail", aMomentAgo()));
    const said = await run({ image: reference(), key });
    expect(said.thrown).toBeInstanceOf(NegativeVerdict);
    expect((said.thrown as Error).message).toMatch(/may not serve: build, eval, scan did not hold/);
    expect(said.outputs).toMatchObject({ verdict: "fail", passed: "false", bundle: "" });
    expect(said.errors).toHaveLength(3);
    expect(said.errors[1]).toMatch(/^eval: Its verdict is FAILED.*\nThis image must not serve/);
    expect(said.lines.join("\n")).toMatch(/not signed: the policy trusts keys alone/);
    const { predicate } = JSON.parse(readFileSync(said.outputs.evidence as string, "utf8"));
    expect(predicate).toMatchObject({ verificationResult: "FAILED", verifiedLevels: ["FAILED"] });
    expect(said.summary).toMatch(/❌.*3 of 4 checks failed/);
  });

  it("shows hostile words as words", async () => {
    await image.sign(signer);
    const reason = "<img src=x> | \n::set-output name=passed::true\n@org";
    await image.attest(signer, evalOf({ verdicts: [{ ...hostile, reason }] }, aMomentAgo()));
    const said = await run({ image: reference(), key, require: "eval" });
    expect(said.thrown).toBeInstanceOf(NegativeVerdict);
    for (const text of [...said.lines, ...said.errors]) expect(text).not.toMatch(/^::/m);
    expect(said.summary).not.toMatch(/<img|^::|@org/m);
  });

  it.each([
    ["latest", /by a tag, which anyone may move/],
    [undefined, /names no image/],
  ])("refuses a tag: %s", async (tag, message) => {
    const said = await run({ image: `${image.store.name}${tag === undefined ? "" : `:${tag}`}`, key });
    expect(said.thrown).toMatchObject({
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(/@sha256:/),
    });
    expect(said.outputs).toEqual({});
  });

  it("takes all of it from delivery.yaml", async () => {
    writeFileSync(
      join(directory, "delivery.yaml"),
      `verify:\n  image: ${reference()}\n  key: ${directory}/cosign.pub\n  require: [eval]\n`,
    );
    try {
      await image.sign(signer);
      await image.attest(signer, evalOf({}, aMomentAgo()));
      expect((await run({})).outputs.verdict).toBe("pass");
    } finally {
      rmSync(join(directory, "delivery.yaml"));
    }
  });
});

describe("the inputs of verify", () => {
  const problems = async (given: Record<string, string>) => {
    const said = await run({ image: "ghcr.io/org/flights@sha256:1", ...given }).catch(
      (error: Error) => error.message,
    );
    return typeof said === "string" ? said : "";
  };

  it("without anybody to believe tell the two lines to write", async () => {
    expect(await problems({})).toMatch(
      /neither a key nor an identity.*\n.*\n {2}identity: https.*\n {2}key: cosign.pub/,
    );
  });

  it.each([
    [{ key: "KEY", identity: workflow }, /`key`.*given beside `identity`/],
    [{ identity: "https://github.com/*" }, /`identity`.*names no owner/],
    [{ identity: workflow, issuer: "*" }, /`issuer`.*exact/],
    [{ key: "nowhere.pub" }, /`key`.*no such file/],
    [{ identity: workflow, require: "evals" }, /`require`.*Did you mean `eval`/s],
    [{ identity: workflow, "max-age": "soon" }, /`max-age`/],
    [{ identity: workflow, policy: "POLICY" }, /`identity`.*beside `policy`/],
    [{ policy: "POLICY", require: "eval" }, /`require`.*beside `policy`/],
    [
      { identity: workflow, "trusted-root": "POLICY", "tuf-url": "https://tuf.example" },
      /`trusted-root`.*beside `tuf-url`/,
    ],
    [{ identity: workflow, "signing-key-password": "x" }, /`signing-key` is missing/],
    [{ identity: workflow, "signing-config": "POLICY" }, /`trusted-root` is missing/],
    [{ identity: workflow, username: "robot" }, /`password` is missing/],
  ])("are refused together with what to do: %j", async (given, message) => {
    const policy = join(directory, "cosign.pub");
    const filled = Object.entries(given).map(([name, value]) => [
      name,
      value === "POLICY" ? policy : value === "KEY" ? key : value,
    ]);
    expect(await problems(Object.fromEntries(filled))).toMatch(message);
  });

  it("never repeat a private key that was given for the public one", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    const said = await problems({ key: pem });
    expect(said).toMatch(/found a private one/);
    expect(said).not.toContain(pem.split("\n")[1]);
  });
});

it("the policy in the README is one", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const yaml = /```yaml\n(# trust\.yaml[\s\S]*?)```/.exec(readme)?.[1] ?? "";
  writeFileSync(join(directory, "release.pub"), key);
  writeFileSync(join(directory, "security.pub"), key);
  const policy = readPolicy(yaml.replace("2f1b…", "a".repeat(64)), join(directory, "trust.yaml"));
  expect(policy.require.map(({ evidence }) => evidence)).toEqual(["build", "eval", "scan"]);
});

const hostile = {
  gate: "f1 >= 0.3",
  metric: "f1",
  verdict: "fail" as const,
  rule: "estimate" as const,
  observed: 0.1,
  baseline: null,
  bound: 0.3,
  interval: null,
  n: 10,
};
