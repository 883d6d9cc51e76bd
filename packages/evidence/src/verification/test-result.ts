/** Evidence of eval, shadow and canary: the gates that were judged, and what they came to. */
import { parseGate } from "@ml-actions/gates/language";
import type { DecisionRule, Gate } from "@ml-actions/gates/types";
import { EvidenceError } from "../error.ts";
import type { GateResult } from "../figures.ts";
import { shown } from "../read-json.ts";
import type { SignedStatement } from "../signing/types.ts";
import {
  figuresField,
  gateConfigurationOf,
  readStatement,
  statementType,
  type TestResultStatement,
} from "../statement.ts";
import type { Reader, Refusal } from "./reading.ts";
import type { Expectations } from "./types.ts";

type Predicate = TestResultStatement["predicate"];

/** Weak to strong: `refute` lets through what is not proven worse, `prove` only what is proven good. */
const strength: Readonly<Record<DecisionRule, number>> = { refute: 0, estimate: 1, prove: 2 };
const named = 3;

export const readTestResult: Reader = (signed, { expected, place }) => {
  const statement = readStatement(JSON.stringify({ ...signed, _type: statementType }), place);
  const { predicate } = statement;
  const { verdicts, rule, finishedAt } = predicate[figuresField];
  const passed = verdicts.filter(({ verdict }) => verdict === "pass").length;
  const culprits = culpritsOf(predicate);
  return {
    finishedAt: Date.parse(finishedAt),
    refusal: verdictRefusal(predicate, culprits) ?? expectationRefusal(predicate, expected),
    gated: { configuration: gateConfigurationOf(statement), result: predicate.result, culprits },
    says: `PASSED: ${passed} of ${verdicts.length} gates hold, rule ${rule}`,
  };
};

/** The digests of the configuration that it was judged by; none for what is no test result. */
export function configurationsOf({ predicate }: SignedStatement): string[] {
  const list = (predicate as { configuration?: unknown } | null)?.configuration;
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: { digest?: { sha256?: unknown } } | null) => {
    const sha256 = entry?.digest?.sha256;
    return typeof sha256 === "string" ? [`sha256:${sha256}`] : [];
  });
}

function culpritsOf({ result, ...predicate }: Predicate): string {
  const wanted = result === "FAILED" ? "fail" : "inconclusive";
  const culprits = predicate[figuresField].verdicts.filter(({ verdict }) => verdict === wanted);
  const list = culprits
    .slice(0, named)
    .map(({ gate, reason }) => `${shown(gate, 100)} (${shown(reason.replace(/\.$/, ""), 200)})`);
  if (culprits.length > named) list.push(`and ${culprits.length - named} more`);
  return result === "PASSED" || list.length === 0 ? "" : `: ${list.join("; ")}`;
}

function verdictRefusal({ result }: Predicate, which: string): Refusal | null {
  if (result === "PASSED") return null;
  return result === "FAILED"
    ? {
        reason: `Its verdict is FAILED${which}.`,
        remedy: "This image must not serve. Mend the model, build it anew and have it judged again.",
      }
    : {
        reason: `Its verdict is WARNED, which is inconclusive and no pass${which}.`,
        remedy: "Judge it again with what settles it, most often more rows or requests.",
      };
}

function expectationRefusal(predicate: Predicate, expected: Expectations): Refusal | null {
  const { verdicts, rule, confidence } = predicate[figuresField];
  const remedy = "Judge it again as the policy asks, or change the policy.";
  const { rule: least, minConfidence } = expected;
  if (least !== null) {
    const weak = [rule, ...verdicts.map(({ gate }) => parsed(gate)?.rule ?? rule)].find(
      (used) => strength[used] < strength[least],
    );
    if (weak !== undefined) {
      return { reason: `It was judged by the rule ${weak}; the policy asks for ${least}.`, remedy };
    }
  }
  if (minConfidence !== null && confidence < minConfidence) {
    return {
      reason: `It was judged at confidence ${confidence}; the policy asks for ${minConfidence}.`,
      remedy,
    };
  }
  const { missing } = gatesBeside(verdicts, expected.gates);
  if (missing.length === 0) return null;
  return { reason: `It does not judge what the policy asks for: ${gateList(missing)}.`, remedy };
}

/**
 * In words, how what it was judged by differs from what the policy says in words; a digest alone tells nobody.
 *
 * @returns sentences, each after a blank; empty for what cannot be read
 */
export function judgedBy(signed: SignedStatement, { gates, rule, minConfidence }: Expectations): string {
  const predicate = readOrNull(signed);
  if (predicate === null) return "";
  const { verdicts, ...used } = predicate[figuresField];
  const how = ` Its rule was ${used.rule}, its confidence ${used.confidence}`;
  if (gates.length === 0) return `${how}, its gates ${gateList(verdicts.map(({ gate }) => gate))}.`;
  const { missing, added } = gatesBeside(verdicts, gates);
  const found = [
    missing.length === 0 ? "" : ` Of the gates that the policy lists it lacks ${gateList(missing)}.`,
    added.length === 0 ? "" : ` It has gates that the policy does not list: ${gateList(added)}.`,
    rule !== null && strength[used.rule] < strength[rule] ? `${how}; the policy asks for ${rule}.` : "",
    minConfidence !== null && used.confidence < minConfidence
      ? `${how}; the policy asks for ${minConfidence}.`
      : "",
  ].join("");
  return found === ""
    ? `${how}, its gates those that the policy lists: something else differs, such as a threshold, a label or the least number of samples.`
    : found;
}

function readOrNull(signed: SignedStatement): Predicate | null {
  try {
    return readStatement(JSON.stringify({ ...signed, _type: statementType }), "It").predicate;
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return null;
  }
}

function gatesBeside(verdicts: readonly GateResult[], wanted: readonly string[]) {
  return {
    missing: wanted.filter((gate) => !verdicts.some((verdict) => isOf(verdict, gate))),
    added: verdicts.filter((verdict) => !wanted.some((gate) => isOf(verdict, gate))).map(({ gate }) => gate),
  };
}

function gateList(gates: readonly string[]): string {
  const list = gates.slice(0, named).map((gate) => shown(gate, 100));
  return `${list.join("; ")}${gates.length > named ? ` and ${gates.length - named} more` : ""}`;
}

/** The same gate; of a gate for every slice, one of its slices. That it passed follows from the whole. */
function isOf({ gate }: GateResult, wanted: string): boolean {
  if (gate === wanted) return true;
  const [have, want] = [parsed(gate), parsed(wanted)];
  if (have === null || want === null || !want.slice?.every || have.slice === undefined) return false;
  const claim = ({ metric, comparison, bound, rule, slice }: Gate) =>
    JSON.stringify({ metric, comparison, bound, rule, column: slice?.column });
  return claim(have) === claim(want);
}

function parsed(gate: string): Gate | null {
  try {
    return parseGate(gate);
  } catch {
    // A gate that no version of ours reads is none that is asked for.
    return null;
  }
}
