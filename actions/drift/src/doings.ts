/** What each response does with the findings. */
import { createHash } from "node:crypto";
import type { ActionContext } from "@ml-actions/action-kit/action";
import { formatStatement, type TestResultStatement } from "@ml-actions/evidence";
import { driftStory } from "@ml-actions/reports";
import type { Alert } from "./alerts/alert.ts";
import type { DriftOutputs } from "./definition.ts";
import { driftedOf } from "./drifted.ts";
import type { Doing } from "./respond.ts";
import type { Act } from "./responses.ts";
import type { Findings } from "./results.ts";
import type { RetrainRequest } from "./retrain.ts";

/** What was found, with what it is about. */
export interface Reason extends Findings {
  evidence: TestResultStatement;
  subject: string;
}

export function doingsOf(
  reason: Reason,
  context: Pick<ActionContext<DriftOutputs>, "programs" | "holder" | "signal" | "log" | "environment">,
): Partial<Record<Act, Doing>> {
  const { inputs } = reason;
  const { fallback, resource, "slack-webhook": webhook } = inputs;
  const address = inputs["retrain-workflow"];
  const routingKey = inputs["pagerduty-routing-key"];
  const { signal } = context;
  const doings: Partial<Record<Act, Doing>> = {};
  // What is given without being asked for was refused with the inputs.
  if (fallback !== undefined && resource !== undefined) {
    doings.degrade = async () => {
      const { degrade } = await import("./degrade.ts");
      return degrade({ ...inputs, resource, fallback }, context);
    };
  }
  if (address !== undefined) {
    doings.retrain = async () => {
      const { retrain } = await import("./retrain.ts");
      return retrain(address, requestOf(reason), { token: inputs.token }, process.env);
    };
  }
  if (webhook !== undefined) {
    doings.slack = async (done) => {
      const { alertSlack } = await import("./alerts/slack.ts");
      await alertSlack(alertOf(reason, done), webhook, { signal });
      return "alert sent to Slack";
    };
  }
  if (routingKey !== undefined) {
    doings.pagerduty = async (done) => {
      const { alertPagerDuty } = await import("./alerts/pagerduty.ts");
      const service = { url: inputs["pagerduty-url"], routingKey };
      await alertPagerDuty(alertOf(reason, done), service, { signal });
      return "alert sent to PagerDuty";
    };
  }
  return doings;
}

function alertOf({ inputs, report, result, subject }: Reason, done: readonly string[]): Alert {
  const { reference, current, run } = report;
  return {
    headline: `${subject}: ${driftStory(report).headline}`,
    subject,
    reference,
    current,
    drifted: driftedOf(result.features, inputs.gates),
    failed: result.verdicts.filter(({ verdict }) => verdict === "fail"),
    done: [...done],
    runUrl: run.url,
  };
}

function requestOf({ inputs, reference, current, report, result, ...reason }: Reason): RetrainRequest {
  const dataOf = ({ name, digest, profile }: Findings["reference"]) => ({ name, digest, rows: profile.rows });
  const evidence = formatStatement(reason.evidence);
  return {
    schema: "ml-actions/retrain-request/v1",
    subject: reason.subject,
    reference: dataOf(reference),
    current: dataOf(current),
    failed_gates: result.verdicts
      .filter(({ verdict }) => verdict === "fail")
      .map(({ gate, reason }) => ({ gate, reason })),
    drifted: driftedOf(result.features, inputs.gates),
    drifted_features: result.features.filter(({ drifted }) => drifted).length,
    evidence: `sha256:${createHash("sha256").update(evidence).digest("hex")}`,
    run: report.run.url,
  };
}
