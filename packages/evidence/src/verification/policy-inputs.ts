/** The same policy from the inputs of an action, or from the section of delivery.yaml that holds them. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { EvidenceError } from "../error.ts";
import type { EvidenceName } from "../predicates.ts";
import { nothingExpected, policyDocument } from "./policy.ts";
import { signerRule } from "./signer-rule.ts";
import type { PolicyDocument } from "./types.ts";

/** As `actions/trust-inputs.ts` reads them. */
export interface PolicyInputs {
  require: readonly EvidenceName[];
  identity?: string | undefined;
  issuer: string;
  /** PEM. */
  key?: string | undefined;
  "max-age"?: number | undefined;
  /** Path of a policy file: it says all of the above. */
  policy?: string | undefined;
}

/** @throws EvidenceError `policy` */
export async function policyFromInputs(inputs: PolicyInputs): Promise<PolicyDocument> {
  const { require, identity, issuer, key, policy, "max-age": maxAgeMs = null } = inputs;
  if (policy === undefined) {
    const trust = signerRule({ key, identity, issuer }, "The policy");
    const requirements = require.map((evidence) => ({
      evidence,
      trust,
      maxAgeMs,
      expected: nothingExpected,
    }));
    return policyDocument("inputs", trust, requirements);
  }
  const { readPolicy } = await import("./policy-file.ts");
  return readPolicy(readText(policy), nameOf(policy));
}

/** Relative to the checkout, as its reader knows it, and the same on every machine. */
function nameOf(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside.startsWith("..") ? path : inside;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? "unreadable";
    throw new EvidenceError(
      "policy",
      `${path} cannot be read (${why}).`,
      "Give a file that this step can read.",
      {
        cause,
      },
    );
  }
}
