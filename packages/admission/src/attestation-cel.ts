/** What one statement must say, in CEL, of a variable `statement`. A field that is missing is an error, and an error is no
 * pass. Every text of a policy is a literal. */
import type { RequirementRule } from "@ml-actions/evidence/verification";
import { anchoredPattern, gatePattern, literal } from "./pattern.ts";

const figures = `statement.predicate["https://ml-actions.github.io/evidence/v1"]`;
const clockSkew = `duration("5m")`;
const strength = ["refute", "estimate", "prove"];
const list = (texts: readonly string[]) => `[${texts.map(literal).join(", ")}]`;
const seconds = (ms: number) => `duration("${Math.floor(ms / 1000)}s")`;
/** JSON knows no difference, CEL does. */
const double = (value: number) => (Number.isInteger(value) ? `${value}.0` : String(value));

export function attestationCel(requirement: RequirementRule): string {
  const { evidence } = requirement;
  const checks =
    evidence === "build" ? build(requirement) : evidence === "scan" ? scan(requirement) : test(requirement);
  return checks.map((check) => `(${check})`).join(" && ");
}

function inTime(finishedAt: string, maxAgeMs: number | null): string[] {
  const at = `timestamp(${finishedAt})`;
  const young = maxAgeMs === null ? [] : [`time.now() - ${at} <= ${seconds(maxAgeMs)}`];
  return [`${at} <= time.now() + ${clockSkew}`, ...young];
}

function test({ evidence, expected, maxAgeMs }: RequirementRule): string[] {
  const { configurations, gates, rule, minConfidence } = expected;
  const verdicts = `${figures}.verdicts`;
  const checks = [
    `statement.predicate.result == "PASSED"`,
    `${figures}.kind == ${literal(evidence)}`,
    `size(${verdicts}) > 0 && ${verdicts}.all(v, v.verdict == "pass")`,
    ...inTime(`${figures}.finishedAt`, maxAgeMs),
  ];
  if (configurations !== null) {
    checks.push(
      `statement.predicate.configuration.exists(c, ("sha256:" + c.digest.sha256) in ${list(configurations)})`,
    );
  }
  for (const gate of gates)
    checks.push(`${verdicts}.exists(v, v.gate.matches(${literal(gatePattern(gate))}))`);
  if (rule !== null) {
    const least = strength.indexOf(rule);
    checks.push(`${figures}.rule in ${list(strength.slice(least))}`);
    for (const weak of strength.slice(0, least)) {
      checks.push(`!${verdicts}.exists(v, v.gate.endsWith(${literal(`[${weak}]`)}))`);
    }
  }
  if (minConfidence !== null) checks.push(`double(${figures}.confidence) >= ${double(minConfidence)}`);
  return checks;
}

function scan({ expected, maxAgeMs }: RequirementRule): string[] {
  const { severity, maxDatabaseAgeMs } = expected;
  const rules = `${figures}.policy`;
  const asked = severity.length === 0 ? "" : ` || f.severity[0].score in ${list(severity)}`;
  const blocks = `(f.severity[0].score in ${rules}.severity${asked})`;
  const unfixed = `(${rules}.ignoreUnfixed == true && f.annotations[0].fixed == null)`;
  const accepted = `${rules}.ignored.exists(r, r.id == f.id && (r.package == null || r.package == f.annotations[0].package) && time.now() < timestamp(r.expires + "T00:00:00Z") + duration("24h"))`;
  const databaseAge =
    "timestamp(statement.predicate.metadata.scanStartedOn) - timestamp(statement.predicate.scanner.db.lastUpdate)";
  return [
    `${figures}.verdict == "pass"`,
    `size(${figures}.doubts) == 0`,
    `size(${figures}.platforms) > 0`,
    ...inTime("statement.predicate.metadata.scanFinishedOn", maxAgeMs),
    `statement.predicate.scanner.result.all(f, !${blocks} || ${unfixed} || ${accepted})`,
    `double((${databaseAge}).getSeconds()) * 1000.0 <= double(${rules}.maxDbAgeMs)`,
    ...(maxDatabaseAgeMs === null ? [] : [`${databaseAge} <= ${seconds(maxDatabaseAgeMs)}`]),
  ];
}

function build({ expected, maxAgeMs }: RequirementRule): string[] {
  const details = "statement.predicate.runDetails";
  const finishedAt = `${details}.metadata.finishedOn`;
  const timely = inTime(finishedAt, maxAgeMs).join(" && ");
  return [
    `size(${details}.builder.id) > 0`,
    maxAgeMs === null ? `!has(${finishedAt}) || (${timely})` : timely,
    ...(expected.builder === null
      ? []
      : [`${details}.builder.id.matches(${literal(anchoredPattern(expected.builder))})`]),
  ];
}
