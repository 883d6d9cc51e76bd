/**
 * An incoming webhook of Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * Limits: https://docs.slack.dev/reference/block-kit/blocks (header 150 characters, section text 3,000).
 */
import { type Alert, featureLines, plain } from "./alert.ts";
import { deliver, type Patience } from "./deliver.ts";

export async function alertSlack(alert: Alert, webhook: string, patience?: Partial<Patience>): Promise<void> {
  const delivery = {
    receiver: "Slack",
    url: webhook,
    body: slackMessage(alert),
    // The path is the secret part: an answer may hold it without the host.
    secrets: [webhook, new URL(webhook).pathname.slice(1)].filter((secret) => secret.length > 8),
    remedies: {
      400: "Slack does not take the message: please report it with what it says.",
      403: "See whether the app may still post to the channel, and make a new webhook if not (input `slack-webhook`).",
      404: "The webhook is gone: make a new one in the settings of the Slack app (input `slack-webhook`).",
      410: "The channel is archived: make a webhook for another (input `slack-webhook`).",
      429: "Slack takes one message a second and webhook: alert less often (input `cooldown`).",
    },
  };
  await deliver(delivery, patience);
}

/** `text` is what notifications and screen readers say. */
export function slackMessage(alert: Alert): { text: string; blocks: object[] } {
  const { lines, more } = featureLines(alert, (name) => `• ${code(name)}`);
  const rest = more > 0 ? [`… and ${more} more`] : [];
  const gates = alert.failed.map(({ reason }) => `• ${escaped(plain(reason, 400))}`);
  const about = `${alert.current.name} against ${alert.reference.name}`;
  const done = alert.done.map((what) => `Done: ${escaped(plain(what, 300))}`);
  const run = alert.runUrl === null ? [] : [`<${linkTarget(alert.runUrl)}|Report of this run>`];
  const sections = [
    { title: "*Drifted*", rows: [...lines, ...rest] },
    { title: "*Failed gates*", rows: gates },
  ].filter(({ rows }) => rows.length > 0);
  return {
    text: escaped(plain(alert.headline, 300)),
    blocks: [
      { type: "header", text: { type: "plain_text", text: plain(alert.headline, 150), emoji: false } },
      ...sections.map(({ title, rows }) => ({
        type: "section",
        text: { type: "mrkdwn", text: fitting([title, ...rows], 3000) },
      })),
      {
        type: "context",
        elements: [{ type: "mrkdwn", text: fitting([escaped(plain(about, 500)), ...done, ...run], 3000) }],
      },
    ],
  };
}

/** Whole lines, as many as there is room for: half a line might end in half an escape. */
function fitting(lines: readonly string[], most: number): string {
  let text = "";
  for (const line of lines) {
    if (text.length + line.length + 1 > most) break;
    text += text === "" ? line : `\n${line}`;
  }
  return text;
}

/** Slack reads `<!channel>`, `<@U…>` and links from mrkdwn; these three characters are all that it asks to escape. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Nothing is marked up between backticks, so that `a_b_c` stays what it is. */
function code(name: string): string {
  return `\`${escaped(plain(name, 100)).replaceAll("`", "ˋ")}\``;
}

function linkTarget(url: string): string {
  return encodeURI(url).replaceAll("|", "%7C").replaceAll(">", "%3E").replaceAll("<", "%3C");
}
