/**
 * Evidence as an in-toto statement: what was judged (by digest), by which gates, with what result and figures.
 *
 * in-toto Statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 * Predicate test-result v0.1: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
 */
import { overall } from "@ml-actions/gates/overall";
import type { DecisionRule, Verdict, VerdictName } from "@ml-actions/gates/types";
import { z } from "zod";
import { canonicalJson } from "./configuration.ts";
import { EvidenceError } from "./error.ts";
import { digestText, gateResult, gateResultOf, metricValues } from "./figures.ts";
import { isoTime } from "./metrics-file.ts";
import { parseJson, type Source, shown, validate } from "./read-json.ts";
import { type RolloutRecord, rolloutSchema } from "./rollout-record.ts";

export const statementType = "https://in-toto.io/Statement/v1";
export const testResultType = "https://in-toto.io/attestation/test-result/v0.1";
/** The predicate has no slot for figures; in-toto lets a producer add a field whose name is a URI of its own. */
export const figuresField = "https://ml-actions.github.io/evidence/v1";

export const evidenceKinds = ["eval", "shadow", "canary", "drift"] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** The subject of a statement or a thing it depends on. */
export interface NamedDigest {
  name: string;
  /** `sha256:<64 hex>`. */
  digest: string;
}

export interface TestResultInput {
  kind: EvidenceKind;
  subject: NamedDigest;
  /** Further digests that the subject is known by, such as that of the model in an image. */
  aliases?: readonly NamedDigest[];
  verdicts: readonly Verdict[];
  /** What the action came to, where it knows more than its gates: a rollout taken back by its guard is no pass,
   * whatever its last verdicts said. The result is never better than the verdicts. */
  outcome?: VerdictName;
  rule: DecisionRule;
  confidence: number;
  /** The gate configuration first, then whatever else decided, by digest. */
  configuration: readonly NamedDigest[];
  metrics: { candidate: Readonly<Record<string, number>>; baseline: Readonly<Record<string, number>> | null };
  dataset?: { name: string; version: string | null; digest: string };
  /** Of a canary: what its verdicts rest on, so that they can be replayed. */
  rollout?: RolloutRecord;
  /** `ml-actions 0.1.0`. */
  tool: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  finishedAt: number;
  /** null outside GitHub. */
  runUrl: string | null;
}

const name = z.string().min(1).max(1000);
const hex = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hexadecimal digits");
const resource = z.object({ name, digest: z.object({ sha256: hex }) });
const webUrl = z.url({ protocol: /^https?$/, hostname: z.regexes.hostname }).max(2000);

const figures = z.object({
  kind: z.enum(evidenceKinds),
  rule: z.enum(["estimate", "refute", "prove"]),
  confidence: z.number().gt(0).lt(1),
  verdicts: z.array(gateResult).min(1),
  metrics: z.object({ candidate: metricValues, baseline: metricValues.nullable() }),
  dataset: z.object({ name, version: name.nullable(), digest: digestText }).optional(),
  rollout: rolloutSchema.optional(),
  tool: name,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
});

const mostSubjects = 10;
const testNames = z.array(z.string().max(5000));

/** Fields that we do not know are ignored, as in-toto asks of a consumer. */
export const testResultSchema = z.object({
  _type: z.literal(statementType),
  /** Signing puts the image first, before what was judged. */
  subject: z.array(resource).min(1).max(mostSubjects),
  predicateType: z.literal(testResultType),
  predicate: z.object({
    result: z.enum(["PASSED", "WARNED", "FAILED"]),
    configuration: z.array(resource),
    url: webUrl.optional(),
    passedTests: testNames,
    warnedTests: testNames,
    failedTests: testNames,
    [figuresField]: figures,
  }),
});

export type TestResultStatement = z.output<typeof testResultSchema>;

/** @throws EvidenceError `invalid-result` for what is no result: no verdict, a figure that is not finite, no digest. */
export function testResultStatement(input: TestResultInput): TestResultStatement {
  const tests = testsByVerdict(input.verdicts.map(gateResultOf));
  const statement = {
    _type: statementType,
    subject: [input.subject, ...(input.aliases ?? [])].map(resourceOf),
    predicateType: testResultType,
    predicate: {
      result: resultOf(input.verdicts, input.outcome ?? "pass"),
      configuration: input.configuration.map(resourceOf),
      ...(input.runUrl === null ? {} : { url: input.runUrl }),
      passedTests: tests.pass,
      warnedTests: tests.inconclusive,
      failedTests: tests.fail,
      [figuresField]: {
        kind: input.kind,
        rule: input.rule,
        confidence: input.confidence,
        verdicts: input.verdicts.map(gateResultOf),
        metrics: input.metrics,
        ...(input.dataset === undefined ? {} : { dataset: input.dataset }),
        ...(input.rollout === undefined ? {} : { rollout: input.rollout }),
        tool: input.tool,
        startedAt: isoTime(input.startedAt),
        finishedAt: isoTime(input.finishedAt),
      },
    },
  };
  const source = {
    place: "The result",
    expected: "fit for a statement",
    remedy: "This is a bug: please report it.",
  };
  return validate(testResultSchema, statement, source, "invalid-result");
}

/** Digest of the gate configuration, which is named first; null: none is named. */
export function gateConfigurationOf({ predicate }: TestResultStatement): string | null {
  const [first] = predicate.configuration;
  return first === undefined ? null : `sha256:${first.digest.sha256}`;
}

/** Canonical JSON (RFC 8785) with a newline: the same result gives the same bytes, so that a digest names it. */
export function formatStatement(statement: TestResultStatement): string {
  return `${canonicalJson(statement)}\n`;
}

/**
 * Reads a statement back. It says what the statement claims; whether to believe it is a matter of its signature.
 *
 * @param place how to name it in an error.
 * @throws EvidenceError `not-json`, `wrong-schema`, `malformed`, or `contradiction` when the result is better than the
 *   verdicts inside or the lists of tests are not those of the verdicts.
 */
export function readStatement(text: string, place: string): TestResultStatement {
  const source: Source = {
    place,
    expected: "a test-result statement",
    remedy: 'Give the evidence file that eval-gate, shadow, deploy or drift wrote (output "evidence").',
  };
  const value = parseJson(text, source);
  const type =
    typeof value === "object" && value !== null && "predicateType" in value ? value.predicateType : undefined;
  if (type !== testResultType) {
    const has =
      type === undefined ? "has no predicateType" : `has predicateType ${shown(JSON.stringify(type), 120)}`;
    throw new EvidenceError(
      "wrong-schema",
      `${shown(place)} ${has}; expected "${testResultType}".`,
      source.remedy,
    );
  }
  const statement = validate(testResultSchema, value, source);
  refuseContradiction(statement, place);
  return statement;
}

function refuseContradiction({ predicate }: TestResultStatement, place: string): void {
  const tests = testsByVerdict(predicate[figuresField].verdicts);
  const problems: string[] = [];
  const best = resultOf(predicate[figuresField].verdicts, "pass");
  if (badness[predicate.result] < badness[best]) {
    problems.push(`result is ${predicate.result}, but the verdicts inside come to ${best}`);
  }
  const lists = [
    ["passedTests", predicate.passedTests, tests.pass],
    ["warnedTests", predicate.warnedTests, tests.inconclusive],
    ["failedTests", predicate.failedTests, tests.fail],
  ] as const;
  for (const [field, claimed, actual] of lists) {
    if (claimed.length !== actual.length || claimed.some((test, index) => test !== actual[index])) {
      problems.push(
        `${field} has ${claimed.length} gates that are not the ${actual.length} of the verdicts inside`,
      );
    }
  }
  if (problems.length === 0) return;
  throw new EvidenceError(
    "contradiction",
    `${shown(place)} contradicts itself: ${problems.join("; ")}.`,
    "Do not use it: it was edited or written by something else. Run the gate again.",
  );
}

const badness = { PASSED: 0, WARNED: 1, FAILED: 2 } as const;

type Tests = Record<VerdictName, string[]>;

function testsByVerdict(verdicts: readonly { gate: string; verdict: VerdictName }[]): Tests {
  const tests: Tests = { pass: [], fail: [], inconclusive: [] };
  for (const { gate, verdict } of verdicts) tests[verdict].push(gate);
  return tests;
}

function resultOf(
  verdicts: Parameters<typeof overall>[0],
  outcome: VerdictName,
): TestResultStatement["predicate"]["result"] {
  return ({ pass: "PASSED", inconclusive: "WARNED", fail: "FAILED" } as const)[
    overall([{ verdict: overall(verdicts) }, { verdict: outcome }])
  ];
}

/** A digest that is none stays as it is: the schema then names the place. */
function resourceOf({ name: called, digest }: NamedDigest) {
  return { name: called, digest: { sha256: digest.startsWith("sha256:") ? digest.slice(7) : digest } };
}
