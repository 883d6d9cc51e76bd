/** What one statement must say, in Rego (v0, as policy-controller's cosign evaluates it). The program of a kind of evidence
 * is fixed text; what the policy asks for is one term of data, so that no word of a policy is ever code. */
import type { RequirementRule } from "@ml-actions/evidence/verification";
import { anchoredPattern, gatePattern, regoTerm } from "./pattern.ts";

const figures = "https://ml-actions.github.io/evidence/v1";
const nsPerMs = 1_000_000;
/** As `verify` allows: clocks of runners and of this cluster may differ. */
const clockSkewNs = 5 * 60_000 * nsPerMs;
const dayNs = 86_400_000 * nsPerMs;

/** @returns a module whose `isCompliant` is true, or tells every problem */
export function attestationRego({ evidence, expected, maxAgeMs }: RequirementRule): string {
  const maxAgeNs = maxAgeMs === null ? null : maxAgeMs * nsPerMs;
  if (evidence === "build") {
    const builder = expected.builder === null ? null : anchoredPattern(expected.builder);
    return module(buildRules, { maxAgeNs, builder });
  }
  if (evidence === "scan") {
    const maxDatabaseAgeNs = expected.maxDatabaseAgeMs === null ? null : expected.maxDatabaseAgeMs * nsPerMs;
    return module(scanRules, { maxAgeNs, severity: expected.severity, maxDatabaseAgeNs });
  }
  const { configurations, rule, minConfidence } = expected;
  const gates = expected.gates.map((gate) => ({ gate, pattern: gatePattern(gate) }));
  return module(testRules, { maxAgeNs, kind: evidence, configurations, gates, rule, minConfidence });
}

function module(rules: string, expected: object): string {
  return [
    "package sigstore",
    "",
    `expected := ${regoTerm(expected)}`,
    "",
    `figures := input.predicate[${JSON.stringify(figures)}]`,
    "",
    shared,
    rules,
  ].join("\n");
}

const shared = `isCompliant[{"result": true, "error": ""}] {
  count(problems) == 0
}

isCompliant[{"result": false, "error": concat("; ", problems)}] {
  count(problems) > 0
}

in_time {
  finished_ns <= time.now_ns() + ${clockSkewNs}
  young_enough
}

young_enough { expected.maxAgeNs == null }

young_enough {
  time.now_ns() - finished_ns <= expected.maxAgeNs
}
`;

const testRules = `finished_ns := time.parse_rfc3339_ns(figures.finishedAt)

problems["it is older than the policy allows, from the future, or does not tell when it was judged"] { not in_time }

problems["its result is not PASSED"] { not input.predicate.result == "PASSED" }

problems["it is evidence of another kind"] { not figures.kind == expected.kind }

problems["it has no verdict"] { not count(figures.verdicts) > 0 }

problems["a gate inside did not pass"] {
  verdict := figures.verdicts[_]
  not verdict.verdict == "pass"
}

allowed_configuration { expected.configurations == null }

allowed_configuration {
  configuration := input.predicate.configuration[_]
  concat(":", ["sha256", configuration.digest.sha256]) == expected.configurations[_]
}

problems["it was judged by a gate configuration that the policy does not know"] { not allowed_configuration }

problems[problem] {
  wanted := expected.gates[_]
  not is_judged(wanted.pattern)
  problem := sprintf("it does not judge %s", [wanted.gate])
}

is_judged(pattern) { regex.match(pattern, figures.verdicts[_].gate) }

strength := {"refute": 0, "estimate": 1, "prove": 2}

strong_enough { expected.rule == null }

strong_enough {
  strength[figures.rule] >= strength[expected.rule]
  not weak_gate
}

weak_gate {
  some rule
  strength[rule] < strength[expected.rule]
  endswith(figures.verdicts[_].gate, concat("", ["[", rule, "]"]))
}

problems["it was judged by a weaker rule than the policy asks for"] { not strong_enough }

confident { expected.minConfidence == null }

confident { figures.confidence >= expected.minConfidence }

problems["it was judged at a lower confidence than the policy asks for"] { not confident }
`;

const scanRules = `finished_ns := time.parse_rfc3339_ns(input.predicate.metadata.scanFinishedOn)

problems["it is older than the policy allows, from the future, or does not tell when it was scanned"] { not in_time }

problems["its verdict is not pass"] { not figures.verdict == "pass" }

problems["it has doubts about itself"] { not count(figures.doubts) == 0 }

problems["it scanned nothing"] { not count(figures.platforms) > 0 }

blocks(severity) { figures.policy.severity[_] == severity }

blocks(severity) { expected.severity[_] == severity }

# What has no rating, or a shape that is not ours, blocks as well.
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
  covers(risk.package, finding.annotations[0].package)
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

fresh_database {
  database_age_ns <= figures.policy.maxDbAgeMs * ${nsPerMs}
  expected.maxDatabaseAgeNs == null
}

fresh_database {
  database_age_ns <= figures.policy.maxDbAgeMs * ${nsPerMs}
  database_age_ns <= expected.maxDatabaseAgeNs
}

problems["the scanner's database was older than the policy allows"] { not fresh_database }
`;

const buildRules = `finished_ns := time.parse_rfc3339_ns(input.predicate.runDetails.metadata.finishedOn)

timeless {
  expected.maxAgeNs == null
  not input.predicate.runDetails.metadata.finishedOn
}

timely { in_time }

timely { timeless }

problems["it is older than the policy allows, from the future, or does not tell when it was built"] { not timely }

known_builder { expected.builder == null; input.predicate.runDetails.builder.id }

known_builder { regex.match(expected.builder, input.predicate.runDetails.builder.id) }

problems["it was built by somebody else than the policy asks for"] { not known_builder }
`;
