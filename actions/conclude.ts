/** How an action that judges ends: files, outputs, summary, annotations, and the exit code that the verdict asks for. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ActionContext, type Log, NegativeVerdict } from "@ml-actions/action-kit/action";
import {
  formatMetrics,
  formatStatement,
  gateConfigurationOf,
  type MetricsFile,
  type TestResultStatement,
} from "@ml-actions/evidence";
import type { Verdict, VerdictName } from "@ml-actions/gates/types";
import type { RunFacts } from "@ml-actions/reports";
import { tool } from "./tool.ts";

export interface Conclusion {
  verdict: VerdictName;
  verdicts: readonly Verdict[];
  metrics: MetricsFile;
  evidence: TestResultStatement;
  /** HTML. */
  report: string;
  /** Markdown. */
  summary: string;
  /** One sentence for the log's last line. */
  sentence: string;
  /** What was to be done about the verdict and could not be: the step fails of it, whatever the verdict. */
  failures?: readonly Error[];
}

type Files = { metrics: string; report: string; evidence: string };
type Kept = Files & { configuration: string };
type JudgingOutputs = Kept & { verdict: string };

/**
 * Writes everything first and says no last, so that a red check always comes with its report.
 *
 * @throws the failures, else NegativeVerdict for a verdict other than `pass`
 */
export async function conclude(
  context: ActionContext<JudgingOutputs>,
  conclusion: Conclusion,
): Promise<void> {
  const { verdict, verdicts, sentence, failures = [] } = conclusion;
  context.output("verdict", verdict);
  await keep(context, conclusion);
  await context.summary(conclusion.summary);
  annotate(context.log, verdicts);
  if (failures.length > 0) throw new AggregateError(failures, sentence);
  if (verdict !== "pass") throw new NegativeVerdict(sentence);
  context.log.info(sentence);
}

/** Writes the files that people and machines fetch, and sets the outputs that name them. */
export async function keep(
  context: Pick<ActionContext<Kept>, "directory" | "output" | "log">,
  { metrics, report, evidence }: { metrics: MetricsFile; report: string; evidence?: TestResultStatement },
): Promise<void> {
  const write = async (output: keyof Files, name: string, content: string) => {
    const path = join(context.directory, name);
    await writeFile(path, content);
    context.output(output, path);
    return path;
  };
  await write("metrics", "metrics.json", formatMetrics(metrics));
  if (evidence !== undefined) {
    await write("evidence", "evidence.json", formatStatement(evidence));
    const configuration = gateConfigurationOf(evidence);
    if (configuration !== null) {
      context.output("configuration", configuration);
      context.log.info(
        `Gate configuration ${configuration} (listed under \`configurations\` in a policy, it lets no other gates count)`,
      );
    }
  }
  context.log.info(`Report: ${await write("report", "report.html", report)}`);
}

function annotate(log: Log, verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) {
    const settle = verdict.settle === undefined ? "" : ` To settle it: ${verdict.settle}.`;
    const line = `${verdict.gate}: ${verdict.reason}${settle}`;
    if (verdict.verdict === "fail") log.error(line, { title: `Gate failed: ${verdict.metric}` });
    // A value of too few rows that blocks nothing is no error of the step.
    if (verdict.unjudged) log.info(`– ${line}`);
    else if (verdict.verdict === "inconclusive")
      log.error(line, { title: `Gate inconclusive: ${verdict.metric}` });
    if (verdict.verdict === "pass") log.info(`✔ ${line}`);
  }
}

/** @param startedAt ms since 1970 */
export function runFacts(context: { holder: string }, startedAt: number): RunFacts {
  const url = context.holder.startsWith("https://") ? (context.holder.split("#")[0] as string) : null;
  return { url, tool, startedAt, finishedAt: Date.now() };
}
