/** How an action that judges ends: files, outputs, summary, annotations, and the exit code that the verdict asks for. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ActionContext, NegativeVerdict } from "@ml-actions/action-kit/action";
import {
  formatMetrics,
  formatStatement,
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
}

type JudgingOutputs = { verdict: string; metrics: string; report: string; evidence: string };

/**
 * Writes everything first and says no last, so that a red check always comes with its report.
 *
 * @throws NegativeVerdict for a verdict other than `pass`
 */
export async function conclude(context: ActionContext<JudgingOutputs>, conclusion: Conclusion): Promise<void> {
  const { verdict } = conclusion;
  const files = {
    metrics: [join(context.directory, "metrics.json"), formatMetrics(conclusion.metrics)],
    report: [join(context.directory, "report.html"), conclusion.report],
    evidence: [join(context.directory, "evidence.json"), formatStatement(conclusion.evidence)],
  } as const;
  for (const [output, [path, content]] of Object.entries(files)) {
    await writeFile(path, content);
    context.output(output as keyof typeof files, path);
  }
  context.output("verdict", verdict);
  await context.summary(conclusion.summary);
  annotate(context, conclusion.verdicts);
  context.log.info(`Report: ${files.report[0]}`);
  if (verdict !== "pass") throw new NegativeVerdict(conclusion.sentence);
  context.log.info(conclusion.sentence);
}

function annotate({ log }: ActionContext<JudgingOutputs>, verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) {
    const settle = verdict.settle === undefined ? "" : ` To settle it: ${verdict.settle}.`;
    const line = `${verdict.gate}: ${verdict.reason}${settle}`;
    if (verdict.verdict === "fail") log.error(line, { title: `Gate failed: ${verdict.metric}` });
    if (verdict.verdict === "inconclusive") log.error(line, { title: `Gate inconclusive: ${verdict.metric}` });
    if (verdict.verdict === "pass") log.info(`✔ ${line}`);
  }
}

/** @param startedAt ms since 1970 */
export function runFacts(context: { holder: string }, startedAt: number): RunFacts {
  const url = context.holder.startsWith("https://") ? (context.holder.split("#")[0] as string) : null;
  return { url, tool, startedAt, finishedAt: Date.now() };
}
