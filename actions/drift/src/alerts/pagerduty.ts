/** PagerDuty's Events API v2: https://developer.pagerduty.com/docs/send-alert-event */
import { createHash } from "node:crypto";
import { type Alert, plain } from "./alert.ts";
import { deliver, type Patience } from "./deliver.ts";

export interface PagerDutyService {
  url: string;
  routingKey: string;
}

export async function alertPagerDuty(
  alert: Alert,
  { url, routingKey }: PagerDutyService,
  patience?: Partial<Patience>,
): Promise<void> {
  const delivery = {
    receiver: "PagerDuty",
    url,
    body: { routing_key: routingKey, ...pagerDutyEvent(alert) },
    secrets: [routingKey],
    remedies: {
      400: "Give the integration key of a service with the Events API v2, from PagerDuty's region of `pagerduty-url` (input `pagerduty-routing-key`).",
      404: "See `pagerduty-url`.",
      429: "PagerDuty takes so many events a minute: alert less often (input `cooldown`).",
    },
  };
  await deliver(delivery, patience);
}

/** How many features and gates the incident lists; the event may have 512 KB. */
const mostListed = 50;

/** Everything but the routing key. Alerts of one subject join one incident while it is open. */
export function pagerDutyEvent(alert: Alert): object {
  const { subject, runUrl, drifted, failed, done } = alert;
  const details = {
    reference: alert.reference,
    current: alert.current,
    drifted: drifted.slice(0, mostListed).map((one) => ({ ...one, feature: plain(one.feature, 200) })),
    drifted_features: drifted.length,
    failed_gates: failed
      .slice(0, mostListed)
      .map(({ gate, reason }) => ({ gate: plain(gate, 300), reason: plain(reason, 1000) })),
    done: done.map((what) => plain(what, 1000)),
  };
  return {
    event_action: "trigger",
    dedup_key: dedupKey(subject),
    ...(runUrl === null ? {} : { links: [{ href: runUrl, text: "Report of this run" }] }),
    client: "ml-actions drift",
    ...(runUrl === null ? {} : { client_url: runUrl }),
    payload: {
      // At most 1,024 characters.
      summary: plain(alert.headline, 1000),
      source: plain(subject, 200),
      severity: "warning",
      class: "data drift",
      custom_details: details,
    },
  };
}

/** At most 255 characters, the same for every alert about one subject. */
export function dedupKey(subject: string): string {
  return `ml-actions/drift/${createHash("sha256").update(subject).digest("hex").slice(0, 32)}`;
}
