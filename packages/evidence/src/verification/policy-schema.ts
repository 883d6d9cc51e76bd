/** The shape of a policy file. Texts become what they mean here, so that every fault is found in one reading. */
import { GateSyntaxError, parseGate } from "@ml-actions/gates/language";
import { decisionRules } from "@ml-actions/gates/types";
import { z } from "zod";
import { EvidenceError } from "../error.ts";
import { digestText } from "../figures.ts";
import { evidenceNames } from "../predicates.ts";
import { severities } from "../vulnerabilities-policy.ts";
import { nothingExpected } from "./policy.ts";
import { publicKeyOf } from "./public-key.ts";
import { identityOf, issuerOf } from "./signer-rule.ts";
import { spanMs } from "./span.ts";

/** Makes a parser that throws into a part of the schema. */
function read<Value>(parse: (text: string) => Value) {
  return (text: string, context: z.core.$RefinementCtx): Value => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof EvidenceError || error instanceof GateSyntaxError)) throw error;
      const message = error instanceof EvidenceError ? `${error.message}. ${error.remedy}` : error.message;
      context.issues.push({ code: "custom", input: text, message });
      return z.NEVER;
    }
  };
}

const word = z.string().min(1).max(20_000);
const span = word.transform(read(spanMs));
const gateText = word.max(5000).transform(read((text) => parseGate(text).text));

/**
 * @param readKey the PEM text of a public key, or a path → the PEM text
 */
export function policySchema(readKey: (textOrPath: string) => string) {
  const signer = {
    key: word
      .transform(read((text) => publicKeyOf(readKey(text))))
      .optional()
      .describe("Public key of who signs: PEM text, or a path from this file on"),
    identity: word
      .transform(read(identityOf))
      .optional()
      .describe("Identity of who signs, exact or with `*`: the workflow's URL and ref"),
    issuer: word
      .transform(read(issuerOf))
      .optional()
      .describe("OIDC issuer of the identity. Default: that of GitHub's workflows"),
  };
  const aged = { "max-age": span.optional().describe("Older evidence is no evidence: `30d`, `48h`") };
  const own = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ ...signer, ...aged, ...shape });
  const test = own({
    configurations: z
      .array(digestText)
      .min(1)
      .max(100)
      .optional()
      .describe("Digests of the gate configurations that count"),
    gates: z.array(gateText).max(200).optional().describe("Gates that must be among those that passed"),
    rule: z.enum(decisionRules).optional().describe("The weakest decision rule that counts"),
    "min-confidence": z.number().gt(0).lt(1).optional().describe("The lowest confidence that counts"),
  })
    .nullable()
    .transform((given) => ({
      ...given,
      expected: {
        ...nothingExpected,
        configurations: given?.configurations ?? null,
        gates: given?.gates ?? [],
        rule: given?.rule ?? null,
        minConfidence: given?.["min-confidence"] ?? null,
      },
    }));
  const build = own({
    builder: word
      .transform(read(identityOf))
      .optional()
      .describe("Who built: `runDetails.builder.id` of the provenance, exact or with `*`"),
  })
    .nullable()
    .transform((given) => ({ ...given, expected: { ...nothingExpected, builder: given?.builder ?? null } }));
  const scan = own({
    severity: z
      .array(z.enum(severities))
      .min(1)
      .optional()
      .describe("Findings of these severities block, beside those that the scan itself was judged by"),
    "max-db-age": span.optional().describe("How old the scanner's database may have been when it scanned"),
  })
    .nullable()
    .transform((given) => ({
      ...given,
      expected: {
        ...nothingExpected,
        severity: given?.severity ?? [],
        maxDatabaseAgeMs: given?.["max-db-age"] ?? null,
      },
    }));
  const shapes = { build, eval: test, scan, shadow: test, canary: test };
  return z.strictObject({
    ...signer,
    ...aged,
    signature: z.strictObject(signer).optional().describe("Who signs the image itself"),
    require: z
      .union([
        z
          .array(z.enum(evidenceNames))
          .min(1)
          .refine((names) => new Set(names).size === names.length, { error: "expected each name once" }),
        z
          .strictObject(shapes)
          .partial()
          .refine((given) => Object.keys(given).length > 0, {
            error: "expected at least one kind of evidence",
          }),
      ])
      .optional()
      .describe("The evidence that the image must carry. Default: build, eval and scan"),
  });
}

export type PolicyFile = z.output<ReturnType<typeof policySchema>>;

/** The published JSON Schema (draft 2020-12) of a policy file. */
export function policyJsonSchema(): Record<string, unknown> {
  const schema = policySchema((given) => given).meta({ title: "ml-actions policy of evidence" });
  return { ...z.toJSONSchema(schema, { io: "input" }) };
}
