/** The inputs of every action that holds an image's evidence against a policy: said once, so that they mean the same. */
import { duration, filePath, list, orProblem, text } from "@ml-actions/action-kit/fields";
import { closest, shown } from "@ml-actions/action-kit/wording";
import { EvidenceError } from "@ml-actions/evidence/error";
import { type EvidenceName, evidenceNames } from "@ml-actions/evidence/predicates";
import { keyReader, publicKeyOf } from "@ml-actions/evidence/verification/public-key";
import {
  githubIssuer,
  identityOf,
  issuerOf,
  nobodyTrusted,
} from "@ml-actions/evidence/verification/signer-rule";
import { longestSpanMs } from "@ml-actions/evidence/verification/span";
import { z } from "zod";

const usual = "build, eval, scan";

export const trustInputs = {
  require: list()
    .transform(orProblem((names) => names.map(evidenceNameOf)))
    .prefault(usual)
    .describe(
      `The evidence that the image must carry, of: ${evidenceNames.map((name) => `\`${name}\``).join(", ")}`,
    ),
  identity: text()
    .transform(orProblem(identityOf))
    .optional()
    .describe(
      "Who signs without a key: the workflow's identity, exact or with `*` for any run of characters, such as `https://github.com/OWNER/REPO/.github/workflows/deliver.yml@refs/heads/main`. The whole text must match",
    ),
  issuer: text()
    .transform(orProblem(issuerOf))
    .prefault(githubIssuer)
    .describe("The OIDC issuer that vouches for `identity`"),
  key: text()
    .transform(orProblem((given) => publicKeyOf(keyReader(process.cwd())(given))))
    .optional()
    .describe("Who signs with a key: its public half, a path or the PEM text. Instead of `identity`"),
  "max-age": duration({ minMs: 1000, maxMs: longestSpanMs })
    .optional()
    .describe("Older evidence is no evidence: `30d`, `48h`. Default: any age"),
  policy: filePath()
    .optional()
    .describe(
      "A policy file (YAML or JSON) instead of `require`, `identity`, `issuer`, `key` and `max-age`: who signs, how old, which gates, for each kind of evidence",
    ),
  "trusted-root": filePath()
    .optional()
    .describe(
      "Trusted root (JSON) of a Sigstore of your own: who its Fulcio, Rekor and timestamp authority are. Default: fetched by TUF",
    ),
  "tuf-url": text()
    .refine((url) => /^https?:\/\/\S+$/.test(url), { error: "expected the URL of a TUF repository" })
    .optional()
    .describe("TUF repository of a Sigstore of your own. Default: that of the public one"),
};

const schema = z.object(trustInputs);
export type TrustInputs = z.output<typeof schema>;

/** What is wrong with these inputs together; for `superRefine`. */
export function trustProblems(given: TrustInputs): { input: keyof TrustInputs; message: string }[] {
  const said = givenOf(given);
  if (given.policy !== undefined) {
    return said
      .filter((input) => !["policy", "trusted-root", "tuf-url"].includes(input))
      .map((input) => ({
        input,
        message: "is given beside `policy`: say it in that file, or remove `policy`",
      }));
  }
  const both = (input: keyof TrustInputs, other: string) => ({
    input,
    message: `is given beside \`${other}\`: remove one of them`,
  });
  const problems: ReturnType<typeof trustProblems> = [];
  if (given.key !== undefined && given.identity !== undefined) problems.push(both("key", "identity"));
  if (given["trusted-root"] !== undefined && given["tuf-url"] !== undefined) {
    problems.push(both("trusted-root", "tuf-url"));
  }
  if (given.key === undefined && given.identity === undefined) {
    const { message, remedy } = nobodyTrusted("Whose evidence counts");
    problems.push({ input: "identity", message: `${message}\n${remedy}` });
  }
  return problems;
}

/** The inputs that were given something else than their default. */
export function givenOf(given: TrustInputs): (keyof TrustInputs)[] {
  return (Object.keys(trustInputs) as (keyof TrustInputs)[]).filter((input) => {
    if (input === "require") return given.require.join(", ") !== usual;
    return input === "issuer" ? given.issuer !== githubIssuer : given[input] !== undefined;
  });
}

function evidenceNameOf(name: string): EvidenceName {
  const known = evidenceNames.find((one) => one === name);
  if (known !== undefined) return known;
  const near = closest(name, evidenceNames);
  throw new EvidenceError(
    "policy",
    `expected kinds of evidence, found ${shown(name)}`,
    near === undefined ? `Known are ${evidenceNames.join(", ")}.` : `Did you mean \`${near}\`?`,
  );
}
