/** What one statement must say, in Rego (v0, as policy-controller's cosign evaluates it). The program of a kind of evidence
 * is fixed text; what the policy asks for is one term of data, so that no word of a policy is ever code. */
import type { RequirementRule } from "@ml-actions/evidence/verification";
import { anchoredPattern, gatePattern, regoTerm } from "./pattern.ts";

const figures = "https://ml-actions.github.io/evidence/v1";
const nsPerMs = 1_000_000;
/** As `verify` allows: clocks of runners and of this cluster may differ. */
const clockSkewNs = 5 * 60_000 * nsPerMs;
const dayNs = 86_400_000 * nsPerMs;

/** Rules of one question. `expected` is there when the policy asks for something. */
interface Question {
  rules: string;
  expected?: Readonly<Record<string, unknown>>;
}

/** @returns a module whose `isCompliant` has one member: that it holds, or every problem */
export function attestationRego(requirement: RequirementRule): string {
  const { evidence } = requirement;
  const questions =
    evidence === "build" ? build(requirement) : evidence === "scan" ? scan(requirement) : test(requirement);
  const expected = Object.assign({}, ...questions.map((question) => question.expected ?? {}));
  return [
    "package sigstore",
    `expected := ${regoTerm(expected)}`,
    `figures := input.predicate[${JSON.stringify(figures)}]`,
    verdict,
    ...questions.map(({ rules }) => rules),
  ]
    .map((part) => part.trim())
    .join("\n\n")
    .concat("\n");
}

const verdict = `isCompliant[{"result": true, "error": ""}] {
  count(problems) == 0
}

isCompliant[{"result": false, "error": concat("; ", problems)}] {
  count(problems) > 0
}`;

const ageProblem =
  "it is older than the policy allows, from the future, or does not tell when it was finished";

/** @param finishedAt a term: when it was judged, by its own word */
function inTime(finishedAt: string, maxAgeMs: number | null): Question {
  const rules = (more: string) => `finished_ns := time.parse_rfc3339_ns(${finishedAt})

in_time {
  finished_ns <= time.now_ns() + ${clockSkewNs}${more}
}

problems[${JSON.stringify(ageProblem)}] { not in_time }`;
  if (maxAgeMs === null) return { rules: rules("") };
  return {
    rules: rules("\n  time.now_ns() - finished_ns <= expected.maxAgeNs"),
    expected: { maxAgeNs: maxAgeMs * nsPerMs },
  };
}

function test({ evidence, expected, maxAgeMs }: RequirementRule): Question[] {
  const { configurations, gates, rule, minConfidence } = expected;
  const wanted = gates.map((gate) => ({ gate, pattern: gatePattern(gate) }));
  return [
    inTime("figures.finishedAt", maxAgeMs),
    { rules: passed, expected: { kind: evidence } },
    ...(configurations === null ? [] : [{ rules: known, expected: { configurations } }]),
    ...(wanted.length === 0 ? [] : [{ rules: judged, expected: { gates: wanted } }]),
    ...(rule === null ? [] : [{ rules: strong, expected: { rule } }]),
    ...(minConfidence === null ? [] : [{ rules: confident, expected: { minConfidence } }]),
  ];
}

const passed = `problems["its result is not PASSED"] { not input.predicate.result == "PASSED" }

problems["it is evidence of another kind"] { not figures.kind == expected.kind }

problems["it has no verdict"] { not count(figures.verdicts) > 0 }

problems["a gate inside did not pass"] {
  verdict := figures.verdicts[_]
  not verdict.verdict == "pass"
}`;

const known = `known_configuration {
  configuration := input.predicate.configuration[_]
  concat(":", ["sha256", configuration.digest.sha256]) == expected.configurations[_]
}

problems["it was judged by a gate configuration that the policy does not know"] { not known_configuration }`;

const judged = `judges(pattern) { regex.match(pattern, figures.verdicts[_].gate) }

problems[problem] {
  wanted := expected.gates[_]
  not judges(wanted.pattern)
  problem := sprintf("it does not judge %s", [wanted.gate])
}`;

const strong = `strength := {"refute": 0, "estimate": 1, "prove": 2}

weak_gate {
  some rule
  strength[rule] < strength[expected.rule]
  endswith(figures.verdicts[_].gate, concat("", ["[", rule, "]"]))
}

strong_enough {
  strength[figures.rule] >= strength[expected.rule]
  not weak_gate
}

problems["it was judged by a weaker rule than the policy asks for"] { not strong_enough }`;

const confident = `problems["it was judged at a lower confidence than the policy asks for"] {
  not figures.confidence >= expected.minConfidence
}`;

function scan({ expected, maxAgeMs }: RequirementRule): Question[] {
  const { severity, maxDatabaseAgeMs } = expected;
  return [
    inTime("input.predicate.metadata.scanFinishedOn", maxAgeMs),
    { rules: scanned },
    ...(severity.length === 0
      ? []
      : [{ rules: "blocks(severity) { expected.severity[_] == severity }", expected: { severity } }]),
    ...(maxDatabaseAgeMs === null
      ? []
      : [{ rules: freshDatabase, expected: { maxDatabaseAgeNs: maxDatabaseAgeMs * nsPerMs } }]),
  ];
}

const scanned = `problems["its verdict is not pass"] { not figures.verdict == "pass" }

problems["it has doubts about itself"] { not count(figures.doubts) == 0 }

problems["it scanned nothing"] { not count(figures.platforms) > 0 }

blocks(severity) { figures.policy.severity[_] == severity }

# What has no rating, or a shape that is not ours, may not.
may_pass(finding) {
  severity := finding.severity[0].score
  not blocks(severity)
}

may_pass(finding) {
  figures.policy.ignoreUnfixed == true
  finding.annotations[0].fixed == null
}

may_pass(finding) {
  risk := figures.policy.ignored[_]
  risk.id == finding.id
  covers(risk["package"], finding.annotations[0]["package"])
  time.now_ns() < time.parse_rfc3339_ns(concat("", [risk.expires, "T00:00:00Z"])) + ${dayNs}
}

covers(accepted, _) { accepted == null }

covers(accepted, found) { accepted == found }

problems[problem] {
  finding := input.predicate.scanner.result[_]
  not may_pass(finding)
  problem := sprintf("%v blocks", [object.get(finding, "id", "a finding without a name")])
}

problems["it does not list what it found"] { not is_array(input.predicate.scanner.result) }

database_age_ns := time.parse_rfc3339_ns(input.predicate.metadata.scanStartedOn) - time.parse_rfc3339_ns(input.predicate.scanner.db.lastUpdate)

problems["the scanner's database was older than the scan's own policy allows"] {
  not database_age_ns <= figures.policy.maxDbAgeMs * ${nsPerMs}
}`;

const freshDatabase = `problems["the scanner's database was older than the policy allows"] {
  not database_age_ns <= expected.maxDatabaseAgeNs
}`;

function build({ expected, maxAgeMs }: RequirementRule): Question[] {
  const { builder } = expected;
  const finishedOn = "input.predicate.runDetails.metadata.finishedOn";
  const age = inTime(finishedOn, maxAgeMs);
  // The time is optional in provenance; where the policy asks for none, it may be missing.
  const timeless = maxAgeMs === null ? [{ rules: `in_time { not ${finishedOn} }` }] : [];
  const known = `problems["it was built by somebody else than the policy asks for"] {
  not regex.match(expected.builder, input.predicate.runDetails.builder.id)
}`;
  return [
    age,
    ...timeless,
    { rules: `problems["it names no builder"] { not count(input.predicate.runDetails.builder.id) > 0 }` },
    ...(builder === null ? [] : [{ rules: known, expected: { builder: anchoredPattern(builder) } }]),
  ];
}
