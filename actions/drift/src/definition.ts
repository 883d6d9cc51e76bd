import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, duration, filePath, list, number, orProblem, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { connectionInputs } from "../../cluster-inputs.ts";
import { judgementOutputs, safeJudgement } from "../../judgement-outputs.ts";
import { fileOrImage } from "../../release-source.ts";
import { gates, resource, target, targetProblems } from "../../target-inputs.ts";
import { pagerDutyUrl, routingKey, webUrl } from "./alerts/receivers.ts";
import { problemsOf } from "./combinations.ts";
import { parseImportance } from "./importance.ts";
import { responses } from "./responses.ts";
import { parseRetrainAddress } from "./retrain-address.ts";

const secret = () => text().meta({ secret: true });

const inputs = z
  .object({
    reference: filePath().describe(
      "What the data should be like, such as what the model was trained on: CSV, Parquet or JSON Lines, or the profile (JSON) that an earlier run wrote to `profile-out`",
    ),
    current: filePath().describe("What the data is like now: CSV, Parquet or JSON Lines"),
    schema: filePath()
      .optional()
      .describe(
        "Dataset schema that says the types of the columns of both. Default: of each the `<dataset>.schema.json` beside it, if there is one",
      ),
    columns: list()
      .optional()
      .describe(
        "The features to compare. Default: all columns; of a schema all but its label and timestamps; of a profile all in it",
      ),
    gates: gates("psi <= 0.2", "drift").describe(
      "What must hold, one gate a line, for every feature or for one: `psi <= 0.2`, `psi{feature=temp} <= 0.1`, `missing_rate <= 5%`; with `predictions` also `estimated_f1 >= 0.4`",
    ),
    confidence: number({ min: 0.5, max: 0.9999 })
      .prefault(0.95)
      .describe(
        "A feature has drifted when it is beyond the bound and that is significant at this confidence, over all features together",
      ),
    importance: text()
      .transform(orProblem(parseImportance))
      .optional()
      .describe(
        'Weight of each feature, to rank what has drifted: JSON such as `{"temp": 0.4, "carrier": 0.1}`, or a file that holds it',
      ),
    predictions: filePath()
      .optional()
      .describe(
        "For the gates on `estimated_f1`, `estimated_auc` and `estimated_accuracy`: a file with the columns `set` (`reference` or `current`), `score` (of a binary model) and `label` (0 or 1; empty for `current`)",
      ),
    threshold: number({ min: 0, max: 1 })
      .prefault(0.5)
      .describe("The score from which a prediction is positive, for `estimated_f1` and `estimated_accuracy`"),
    "profile-out": text()
      .optional()
      .describe(
        "Where to write the profile of the reference: given as `reference` the next time, only `current` has to be read",
      ),
    "on-drift": list()
      .pipe(z.array(choice(responses)))
      .prefault("report")
      .describe(
        "What happens when a gate fails, beside the report and the red check: `report` nothing more, `alert` (Slack, PagerDuty), `retrain`, `degrade`; several may be given: `alert, retrain`",
      ),
    "slack-webhook": secret()
      .pipe(webUrl())
      .optional()
      .describe("For `alert`: the URL of an incoming webhook of Slack. A secret"),
    "pagerduty-routing-key": secret()
      .pipe(routingKey())
      .optional()
      .describe("For `alert`: the integration key of a PagerDuty service (Events API v2). A secret"),
    "pagerduty-url": text()
      .pipe(webUrl())
      .prefault(pagerDutyUrl)
      .describe(
        "Where PagerDuty takes events. In its EU region: `https://events.eu.pagerduty.com/v2/enqueue`",
      ),
    "retrain-workflow": text()
      .transform(orProblem(parseRetrainAddress))
      .optional()
      .describe(
        "For `retrain`: a workflow of this repository with the trigger `workflow_dispatch` and an input `evidence`, `retrain.yml` or `retrain.yml@main`; one of another, `org/models/retrain.yml@main`; or an event, `repository_dispatch:drift` or `org/models:drift`",
      ),
    token: secret()
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
      .prefault("${{ github.token }}")
      .describe(
        "For `retrain`: what starts the workflow. For another repository, that of a GitHub App or person",
      ),
    target: target(),
    resource: resource()
      .optional()
      .describe(
        "What serves the model, such as `flights`, or `httproute/flights` in a cluster: what `degrade` degrades, and what alerts and the cooldown are about. Default for those: the reference's file name",
      ),
    ...connectionInputs,
    fallback: fileOrImage()
      .optional()
      .describe(
        "For `degrade`: the simpler release that takes over: for `target: local` an ONNX file with its contract file beside it; in a cluster an image by digest that was stable there before, which needs no new evidence",
      ),
    cooldown: duration()
      .prefault("24h")
      .describe(
        "For so long after an alert, a retraining or a degrading the same is not done again; `0` for no such time",
      ),
    state: text()
      .prefault(".ml-actions/drift-state.json")
      .describe("The file that remembers what was done when. Keep it from run to run, as the example does"),
  })
  .superRefine((given, context) => {
    for (const { input, message } of [...targetProblems(given), ...problemsOf(given)]) {
      context.addIssue({ code: "custom", path: [input], message });
    }
  });

const outputs = {
  ...judgementOutputs,
  drifted:
    "JSON, worst first, at most 500: `[{feature, statistic, value, p, p_adjusted, rows: {reference, current}, missing: {reference, current}}]`",
  profile: "Path of the profile of the reference: the next run's `reference`",
  "current-profile":
    "Path of the profile of the current data: the next `reference` where that moves with time",
  evidence: "Path of the evidence: an in-toto statement of the verdicts about the current data's digest",
};

export type DriftInputs = z.output<typeof inputs>;
export type DriftOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, DriftOutputs> = {
  name: "drift",
  title: "Watch data for drift",
  description:
    "Compares today's data with a reference, and alerts, retrains or degrades when the model no longer knows its world",
  inputs,
  outputs,
  permissions: {
    actions: "`write`, to start the workflow of `retrain-workflow`; only with `on-drift: retrain`",
    contents: "`write`, only where `retrain-workflow` is an event (`repository_dispatch`)",
  },
  safeOutputs: { ...safeJudgement, drifted: "[]" },
  example: `- uses: actions/cache/restore@v4
  with:
    path: .ml-actions
    key: drift-\${{ github.run_id }}-\${{ github.run_attempt }}
    restore-keys: drift-
- uses: org/ml-actions/drift@v1
  with:
    reference: models/flights.profile.json
    current: data/yesterday.parquet
    gates: |
      psi <= 0.2
      missing_rate <= 5%
    on-drift: alert, retrain
    slack-webhook: \${{ secrets.SLACK_WEBHOOK }}
    retrain-workflow: retrain.yml
- uses: actions/cache/save@v4
  if: always() # also when drift made the job fail, which is when there is something to keep
  with:
    path: .ml-actions
    key: drift-\${{ github.run_id }}-\${{ github.run_attempt }}
`,
  branding: { icon: "activity", color: "purple" },
  story: async () => ({ run: (await import("./drift.ts")).drift }),
};
