/** What can be done about drift beyond saying so. */
export const responses = ["report", "alert", "retrain", "degrade"] as const;
export type Response = (typeof responses)[number];

/** What is done and remembered, each by itself, in the order in which it is done: users first, people last, so that an
 * alert can say what was done already. */
export const acts = ["degrade", "retrain", "slack", "pagerduty"] as const;
export type Act = (typeof acts)[number];

/** As a sentence names it: "no alert to Slack: …". */
export const nameOf: Record<Act, string> = {
  degrade: "degrading",
  retrain: "retraining",
  slack: "alert to Slack",
  pagerduty: "alert to PagerDuty",
};
