import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import { testResult, verdict } from "@ml-actions/evidence/example";
import { readBundles, readSigned, type Signed } from "@ml-actions/evidence/signing";
import {
  cosignPassword,
  cosignPrivateKey,
  cosignPublicKey,
} from "@ml-actions/evidence/signing/testing/cosign-pair";
import { testResultStatement } from "@ml-actions/evidence/statement";
import { fileDigest } from "@ml-actions/rollout/release";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FlightsImage, imageOf } from "../../../test/actions/image-fixture.ts";
import { flights } from "../../../test/actions/suite.ts";
import { startSigstore } from "../../../test/components/sigstore.ts";
import { definition, type SignInputs, type SignOutputs } from "./definition.ts";
import { sign } from "./sign.ts";

const scratch = () => mkdtempSync(join(tmpdir(), "ml-actions-test-"));
const trust = { kind: "key", publicKey: cosignPublicKey } as const;
const key = { key: cosignPrivateKey, "key-password": cosignPassword };
let modelDigest: string;
beforeAll(async () => {
  modelDigest = await fileDigest(flights("flights-1.onnx"));
});

interface Ran {
  outputs: Record<string, string>;
  log: string[];
  summary: string;
}

async function run(inputs: Partial<SignInputs> & { image: string }): Promise<Ran> {
  const ran: Ran = { outputs: {}, log: [], summary: "" };
  const say = (line: string) => ran.log.push(line);
  const context = {
    log: { info: say, warning: say },
    output: (name: string, value: string) => {
      ran.outputs[name] = value;
    },
    summary: async (markdown: string) => {
      ran.summary += markdown;
    },
  } as unknown as ActionContext<SignOutputs>;
  await sign(inputs as SignInputs, context);
  return ran;
}

/** An evaluation as eval-gate writes it, in a file. */
function evaluation(digest: string, result: "pass" | "fail" = "pass", name = "eval.json"): string {
  const path = join(scratch(), name);
  const judged = testResult({
    subject: { name: "flights-1", digest },
    verdicts: [verdict({ verdict: result })],
  });
  writeFileSync(path, JSON.stringify(testResultStatement(judged)));
  return path;
}

const signedOf = async ({ store, digest }: FlightsImage): Promise<Signed[]> =>
  (await readSigned(store, digest, trust)).flatMap(({ signed }) => (signed === null ? [] : [signed]));
const bundlesOf = ({ store, digest }: FlightsImage) => readBundles(store, digest);

describe("sign", () => {
  it("signs the image and attests what was said of its model, release or digest", async () => {
    const image = await imageOf("flights-1");
    const evidence = [modelDigest, image.releaseDigest, image.digest].map((each) => evaluation(each));
    const { outputs, summary, log } = await run({ image: image.reference, evidence, ...key });
    const attestations = JSON.parse(outputs.attestations as string);
    expect(attestations).toMatchObject(evidence.map((file) => ({ file, new: true })));
    const found = await bundlesOf(image);
    expect(found.map(({ referrer }) => referrer.descriptor.digest).sort()).toEqual(
      [outputs.signature, ...attestations.map(({ digest }: { digest: string }) => digest)].sort(),
    );
    const signed = await signedOf(image);
    expect(signed).toHaveLength(4);
    for (const { statement } of signed)
      expect(statement.subject[0]?.digest.sha256).toBe(image.digest.slice(7));
    const spoken = signed.flatMap(({ statement }) =>
      statement.subject.map(({ digest }) => `sha256:${digest.sha256}`),
    );
    expect(spoken).toContain(modelDigest);
    expect(spoken).toContain(image.releaseDigest);
    expect(summary).toContain("| `signature` | the image itself | — | ✍️ new");
    expect(summary).toContain("✅ pass");
    expect(log.at(-1)).toContain("signed the image");
  });

  it("writes nothing the second time", async () => {
    const image = await imageOf("flights-1");
    const inputs = { image: image.reference, evidence: [evaluation(modelDigest)], ...key };
    const first = await run(inputs);
    const second = await run(inputs);
    expect(second.outputs.signature).toBe(first.outputs.signature);
    expect(JSON.parse(second.outputs.attestations as string)).toMatchObject([{ new: false }]);
    expect(second.summary).toContain("was there");
    expect(await bundlesOf(image)).toHaveLength(2);
  });

  it("refuses evidence of another model by its name, all of it at once, and writes nothing", async () => {
    const image = await imageOf("flights-1");
    const other = await imageOf("flights-2");
    const evidence = [
      evaluation(modelDigest),
      evaluation(other.releaseDigest, "pass", "swapped.json"),
      evaluation(other.digest, "pass", "replayed.json"),
    ];
    const error = await run({ image: image.reference, evidence, ...key }).catch((thrown) => thrown);
    const messages = error.errors.map(({ message }: Error) => message).join("\n");
    expect(messages).toContain(`swapped.json speaks of ${other.releaseDigest}`);
    expect(messages).toContain(`replayed.json speaks of ${other.digest}`);
    expect(messages).not.toContain("eval.json");
    for (const each of error.errors) expect(each).toMatchObject({ code: "subject" });
    expect(await bundlesOf(image)).toHaveLength(0);
  });

  it("attests evidence that failed as the truth, and says so", async () => {
    const image = await imageOf("flights-1");
    const evidence = [evaluation(image.digest, "fail")];
    const { log, summary } = await run({ image: image.reference, evidence, ...key });
    expect(log.join("\n")).toContain('says "fail". It is attested as the truth');
    expect(summary).toContain("❌ fail");
    expect(summary).toContain("`verify` refuses the image for it");
  });

  it("wants a digest, and tells the one that the tag has now", async () => {
    const layout = join(scratch(), "layout");
    const image = await imageOf("flights-1", { place: `oci:${layout}`, tag: "1.0" });
    const error = await run({ image: `oci:${layout}:1.0`, ...key }).catch((thrown) => thrown);
    expect(error.message).toContain("has no digest");
    expect(error.remedy).toContain(`Write ${image.reference}`);
    const bare = await run({ image: `oci:${layout}`, ...key }).catch((thrown) => thrown);
    expect(bare.remedy).toContain(`Write oci:${layout}@sha256:…`);
  });

  it("says when the image is not there, and does not make a layout of a typing error", async () => {
    const layout = join(scratch(), "layout");
    const error = await run({ image: `oci:${layout}@sha256:${"0".repeat(64)}`, ...key }).catch(
      (thrown) => thrown,
    );
    expect(error.remedy).not.toBe("");
    expect(existsSync(layout)).toBe(false);
  });
});

describe("sign without a key", () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
      delete process.env[name];
    Object.assign(process.env, before);
  });
  const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";

  it("names the permission that is missing, with the lines to write, before anything is done", async () => {
    const image = await imageOf("flights-1");
    const error = await run({ image: image.reference }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "token" });
    expect(error.remedy).toContain(
      "  permissions:\n    contents: read\n    packages: write\n    id-token: write\n",
    );
    expect(await bundlesOf(image)).toHaveLength(0);
  });

  it("signs as the workflow at a Sigstore of its own, once", async () => {
    const sigstore = await startSigstore();
    try {
      const image = await imageOf("flights-1");
      const directory = scratch();
      const file = (name: string, value: unknown) => {
        writeFileSync(join(directory, name), JSON.stringify(value));
        return join(directory, name);
      };
      const inputs = {
        image: image.reference,
        evidence: [evaluation(modelDigest)],
        "trusted-root": file("trusted_root.json", sigstore.trustedRoot),
        "signing-config": file("signing_config.json", sigstore.signingConfig),
      };
      Object.assign(process.env, sigstore.runner(workflow));
      const { summary } = await run(inputs);
      expect(summary).toContain(`By \`${workflow}\``);
      expect(JSON.parse((await run(inputs)).outputs.attestations as string)).toMatchObject([{ new: false }]);
      expect(await bundlesOf(image)).toHaveLength(2);
      expect(sigstore.seen.filter((line) => line.endsWith("/log/entries"))).toHaveLength(2);
      process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN = "hunter2";
      const error = await run(inputs).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "token" });
      expect(error.message).toContain("The runner gave no identity token");
    } finally {
      await sigstore.stop();
    }
  });
});

describe("inputs that contradict each other", () => {
  const file = join(scratch(), "x.json");
  writeFileSync(file, "{}");
  const problems = (given: Record<string, string>) =>
    definition.inputs
      .safeParse({ image: "r/x@sha256:0", ...given })
      .error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
  it.each([
    [{}, []],
    [{ key: "k", "key-password": "p" }, []],
    [{ "trusted-root": file, "signing-config": file }, []],
    [{ "tuf-url": "https://tuf.example.com#sha256:00" }, []],
    [{ "key-password": "p" }, ["key is missing"]],
    [
      { key: "k", "trusted-root": file, "tuf-url": "https://x" },
      ["trusted-root is given", "tuf-url is given"],
    ],
    [{ "trusted-root": file }, ["signing-config is missing"]],
    [{ "signing-config": file }, ["trusted-root is missing"]],
    [{ "tuf-url": "https://x", "trusted-root": file }, ["trusted-root is given beside `tuf-url`"]],
    [{ "tuf-url": "x" }, ["tuf-url expected the URL"]],
    [{ username: "u" }, ["password is missing"]],
  ])("%j", (given, expected) => {
    const found = problems(given as unknown as Record<string, string>);
    expect(found).toHaveLength(expected.length);
    for (const [at, start] of expected.entries()) expect(found[at]).toContain(start);
  });
});

describe("a key input that is no key", () => {
  it.each([
    ["cosign.key", "as a path it does not exist"],
    ["/", "as a path it is no file"],
    ["MIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w", "as a path it has more than one line"],
  ])("%j is not repeated in the error", async (given, why) => {
    const image = await imageOf("flights-1");
    const error = await run({ image: image.reference, key: given }).catch((thrown) => thrown);
    expect(error.message).toContain(why);
    if (given.length > 1)
      expect(`${error.message}${error.remedy}${error.cause}`).not.toContain(given.slice(0, 10));
  });
});
