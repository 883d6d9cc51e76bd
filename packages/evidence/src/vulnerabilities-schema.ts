/** The shape of a scan's statement.
 *
 * Predicate vulns v0.2: https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md
 */
import { z } from "zod";
import { digestText } from "./figures.ts";
import { predicateTypes } from "./predicates.ts";
import { figuresField, statementType } from "./statement.ts";
import { severities } from "./vulnerabilities-policy.ts";

const word = z.string().min(1).max(1000);
const hex = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hexadecimal digits");
const severity = z.enum(severities);
const verdictName = z.enum(["pass", "fail", "inconclusive"]);
const count = z.int().nonnegative();
const time = z.iso.datetime();

const result = z.object({
  id: word,
  severity: z.array(z.object({ method: word, score: severity })).length(1),
  annotations: z
    .array(
      z.object({
        package: word,
        installed: word,
        fixed: word.nullable(),
        platforms: z.array(word).min(1).max(100),
      }),
    )
    .length(1),
});

const policySchema = z.object({
  severity: z.array(severity).min(1),
  ignoreUnfixed: z.boolean(),
  maxDbAgeMs: z.int().positive(),
  ignored: z.array(
    z.object({
      id: word,
      package: word.nullable(),
      reason: z.string().min(1).max(5000),
      expires: z.iso.date(),
    }),
  ),
});

const figures = z.object({
  kind: z.literal("scan"),
  verdict: verdictName,
  policy: policySchema,
  counts: z.object({ CRITICAL: count, HIGH: count, MEDIUM: count, LOW: count, UNKNOWN: count }),
  platforms: z
    .array(
      z.object({ platform: word, digest: digestText, os: word.nullable(), packages: z.int().positive() }),
    )
    .min(1),
  doubts: z.array(z.string().min(1).max(5000)),
  program: digestText,
  tool: word,
  url: z
    .url({ protocol: /^https?$/, hostname: z.regexes.hostname })
    .max(2000)
    .nullable(),
});

/** Fields that we do not know are ignored, as in-toto asks of a consumer. Signing puts the image first among up to ten
 * subjects. */
export const vulnerabilitiesSchema = z.object({
  _type: z.literal(statementType),
  subject: z
    .array(z.object({ name: word, digest: z.object({ sha256: hex }) }))
    .min(1)
    .max(10),
  predicateType: z.literal(predicateTypes.scan),
  predicate: z.object({
    scanner: z.object({
      uri: word,
      version: word,
      db: z.object({ uri: word, version: word, lastUpdate: time }),
      result: z.array(result),
    }),
    metadata: z.object({ scanStartedOn: time, scanFinishedOn: time }),
    [figuresField]: figures,
  }),
});

export type VulnerabilitiesStatement = z.output<typeof vulnerabilitiesSchema>;
