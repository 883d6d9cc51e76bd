/** Who signs: the inputs of every action that does, said once, and the signer that they come to. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Log, UserError } from "@ml-actions/action-kit/action";
import { filePath, text } from "@ml-actions/action-kit/fields";
import type { EvidenceSigner } from "@ml-actions/evidence/signing";

/** `key` is named by each action itself: `sign` and `verify` have another idea of whose key it is. */
export const signerInputs = {
  "key-password": text()
    .meta({ secret: true })
    .optional()
    .describe("The password of an encrypted key. A secret"),
  "trusted-root": filePath()
    .optional()
    .describe(
      "Without a key, at a Sigstore of your own: its trusted root (JSON), with `signing-config`. Default: both by TUF",
    ),
  "signing-config": filePath()
    .optional()
    .describe(
      "Without a key, at a Sigstore of your own: where its Fulcio, Rekor and timestamp authority are (SigningConfig v0.2, as `cosign signing-config create` writes it)",
    ),
  "tuf-url": text()
    .refine((url) => /^https?:\/\/\S+$/.test(url), { error: "expected the URL of a TUF repository" })
    .optional()
    .describe(
      "Without a key, at a Sigstore of your own: its TUF repository, and after `#sha256:` the SHA-256 of its `1.root.json`. Default: that of the public one",
    ),
};

export interface SignerInputs {
  key?: string | undefined;
  "key-password"?: string | undefined;
  "trusted-root"?: string | undefined;
  "signing-config"?: string | undefined;
  "tuf-url"?: string | undefined;
}

/** What is wrong with these inputs together; for `superRefine`. */
export function signerProblems(given: SignerInputs): { input: keyof SignerInputs; message: string }[] {
  const problems: { input: keyof SignerInputs; message: string }[] = [];
  const { key, "trusted-root": root, "signing-config": config } = given;
  if (key === undefined && given["key-password"] !== undefined)
    problems.push({ input: "key", message: "is missing: `key-password` is given without it" });
  if (key !== undefined) {
    for (const input of ["trusted-root", "signing-config", "tuf-url"] as const) {
      if (given[input] !== undefined)
        problems.push({ input, message: "is given beside `key`, which needs no Sigstore: remove one" });
    }
    return problems;
  }
  if (given["tuf-url"] !== undefined) {
    for (const input of ["trusted-root", "signing-config"] as const) {
      if (given[input] !== undefined)
        problems.push({ input, message: "is given beside `tuf-url`, which tells the same: remove one" });
    }
    return problems;
  }
  if (root !== undefined && config === undefined)
    problems.push({
      input: "signing-config",
      message: "is missing: `trusted-root` says whom to believe, not where to sign",
    });
  if (root === undefined && config !== undefined)
    problems.push({
      input: "trusted-root",
      message: "is missing: what is signed at `signing-config` could not be verified",
    });
  return problems;
}

/**
 * @throws EvidenceError `private-key`, `token`, `trusted-root`, `signing`; UserError for a key file that cannot be read
 */
export async function signerOf(inputs: SignerInputs, log: Log): Promise<EvidenceSigner> {
  const { keySigner } = await import("@ml-actions/evidence/signing");
  if (inputs.key !== undefined) return keySigner(await keyText(inputs.key), inputs["key-password"]);
  const { publicLogWarning, runnerToken } = await import("./runner-token.ts");
  // Before anything else, so that a missing permission is told at once.
  const first = await runnerToken();
  log.info("Signing as this workflow, without a key: its identity token is exchanged for a certificate.");
  const isPublic = inputs["trusted-root"] === undefined && inputs["tuf-url"] === undefined;
  const warning = isPublic ? publicLogWarning(first) : null;
  if (warning !== null) log.warning(warning);
  const { services, trustedRoot } = await sigstoreOf(inputs);
  const { keylessSigner } = await import("@ml-actions/evidence/signing/keyless-signer");
  let unused: string | null = first;
  const token = async () => {
    const given = unused ?? (await runnerToken());
    unused = null;
    return given;
  };
  return keylessSigner({ token, services, trustedRoot });
}

async function sigstoreOf(inputs: SignerInputs) {
  const { parseSigningServices, parseTrustedRoot, readSigningServices, trustFromTuf } = await import(
    "@ml-actions/evidence/signing"
  );
  const now = Date.now();
  const { "trusted-root": root, "signing-config": config } = inputs;
  if (root !== undefined && config !== undefined) {
    return {
      trustedRoot: parseTrustedRoot(await readFile(root, "utf8"), root),
      services: parseSigningServices(await readFile(config, "utf8"), config, now),
    };
  }
  const { trustedRoot, signingConfig } = await trustFromTuf(inputs["tuf-url"]);
  return { trustedRoot, services: readSigningServices(signingConfig, now) };
}

const largestKeyBytes = 64 * 1024;

/** The PEM text itself, or the file at a path. Errors do not repeat what was given: it may be half a key. */
async function keyText(textOrPath: string): Promise<string> {
  if (textOrPath.includes("-----BEGIN")) return textOrPath;
  const refused = (why: string, cause?: unknown) =>
    new UserError(`\`key\` is no PEM text, and as a path ${why}.`, {
      remedy: "Give the private key itself, from a secret (`secrets.SIGNING_KEY`), or the path of its file.",
      cause,
    });
  if (/[\r\n]/.test(textOrPath)) throw refused("it has more than one line");
  try {
    const path = resolve(textOrPath);
    const facts = await stat(path);
    if (!facts.isFile()) throw refused("it is no file");
    if (facts.size > largestKeyBytes) throw refused(`it has ${facts.size} bytes, which is no key`);
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    // The system's error holds the path, which may be half a key.
    throw refused(code === "ENOENT" ? "it does not exist" : `it cannot be read (${code})`);
  }
}
