import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { alertOf, hostileName } from "../testing/alert.ts";
import { type Answers, type Receiver, startReceiver, status } from "../testing/receiver.ts";
import type { Patience } from "./deliver.ts";
import { alertPagerDuty, dedupKey } from "./pagerduty.ts";
import { alertSlack, slackMessage } from "./slack.ts";

const secretPath = "/services/T000/B000/XXXXsecretXXXX";
const routingKey = "R0123456789abcdef0123456789ABCDE";
const quickly: Partial<Patience> = { firstDelayMs: 5, timeoutMs: 2000 };
const open: Receiver[] = [];
const receiver = async (answers?: Answers) => {
  const started = await startReceiver(answers);
  open.push(started);
  return started;
};
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const slack = (to: { url: string }, patience: Partial<Patience> = {}) =>
  alertSlack(alertOf(), `${to.url}${secretPath}`, { ...quickly, ...patience });
const failure = (promise: Promise<unknown>): Promise<Error & { remedy: string }> =>
  promise.then(
    () => expect.unreachable(),
    (error: Error & { remedy: string }) => error,
  );

describe("an alert to Slack", () => {
  it("names the drifted features with figures, what was done, and the run", async () => {
    const to = await receiver();
    await slack(to);
    expect(to.got).toHaveLength(1);
    expect(to.got[0]?.path).toBe(secretPath);
    const body = to.got[0]?.body as ReturnType<typeof slackMessage>;
    expect(body.text).toBe("flights: 2 of 14 features drifted: temp, visib");
    const text = JSON.stringify(body.blocks);
    expect(text).toContain("`temp` psi 1.23, p < 0.0001, missing 0.2 % → 12 %, 27,004 → 951 rows");
    expect(text).toContain("`visib` psi 0.31, p 0.0123, missing 0 % → 0 %");
    expect(text).toContain("psi of temp is 1.23, at most 0.2 was asked for.");
    expect(text).toContain("Done: the workflow retrain.yml was started");
    expect(text).toContain("<https://github.com/org/models/actions/runs/1/attempts/1|Report of this run>");
    expect(text).toContain("yesterday.parquet against flights.profile.json");
  });

  it("lets no name call the channel, break a line or make a link", () => {
    const [first] = alertOf().drifted;
    const drifted = [{ ...(first as NonNullable<typeof first>), feature: hostileName }];
    const { text, blocks } = slackMessage(alertOf({ drifted, headline: hostileName }));
    const all = JSON.stringify([text, blocks.slice(1)]);
    expect(all).not.toContain("<!channel>");
    expect(all).not.toContain("<https://evil");
    expect(text).not.toContain("\n");
    expect(JSON.stringify(blocks.slice(1)).match(/`/g)).toHaveLength(2);
  });

  it("stays within Slack's limits, in whole lines", () => {
    const [first] = alertOf().drifted;
    const drifted = Array.from({ length: 400 }, (_, i) => ({
      ...(first as NonNullable<typeof first>),
      feature: `${"&".repeat(200)}${i}`,
    }));
    const { blocks } = slackMessage(alertOf({ drifted, headline: "x".repeat(5000) }));
    const texts = [...JSON.stringify(blocks).matchAll(/"text":"((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
      JSON.parse(`"${text}"`),
    );
    expect(texts[0]).toHaveLength(150);
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(3000);
    expect(texts[1]).toMatch(/ rows$/);
  });
});

describe("an alert to PagerDuty", () => {
  it("is an event of the API v2 that joins the incident of its subject", async () => {
    const to = await receiver(status(202));
    await alertPagerDuty(alertOf(), { url: to.url, routingKey }, quickly);
    expect(to.got[0]?.body).toMatchObject({
      routing_key: routingKey,
      event_action: "trigger",
      dedup_key: dedupKey("flights"),
      payload: {
        summary: "flights: 2 of 14 features drifted: temp, visib",
        source: "flights",
        severity: "warning",
        custom_details: { drifted_features: 2, drifted: [{ feature: "temp", value: 1.2345678 }, {}] },
      },
    });
    expect(dedupKey("flights")).not.toBe(dedupKey("other"));
    expect(dedupKey("x".repeat(9999)).length).toBeLessThanOrEqual(255);
  });

  it("stays within the size of an event", async () => {
    const to = await receiver(status(202));
    const [first] = alertOf().drifted;
    const [gate] = alertOf().failed;
    const many = {
      drifted: Array.from({ length: 9999 }, () => ({ ...first, feature: "é".repeat(9999) }) as typeof first),
      failed: Array.from({ length: 200 }, () => ({ ...gate, reason: "é".repeat(9999) }) as typeof gate),
    } as Partial<ReturnType<typeof alertOf>>;
    await alertPagerDuty(alertOf(many), { url: to.url, routingKey }, quickly);
    expect(Buffer.byteLength(JSON.stringify(to.got[0]?.body))).toBeLessThan(512_000);
    expect(to.got[0]?.body).toMatchObject({ payload: { custom_details: { drifted_features: 9999 } } });
  });

  it("names the input to correct when the key is refused, without the key", async () => {
    const to = await receiver((response) => {
      response.writeHead(400).end(`{"status":"invalid event","errors":["no such key ${routingKey}"]}`);
    });
    const error = await failure(alertPagerDuty(alertOf(), { url: to.url, routingKey }, quickly));
    expect(error.message).toMatch(/PagerDuty: it answered 400.*no such key \*\*\*/);
    expect(error.remedy).toMatch(/pagerduty-routing-key/);
    expect(to.got).toHaveLength(1);
  });
});

describe("delivery", () => {
  it("tries again after 429 and 503, and waits as long as it is told", async () => {
    const to = await receiver((response, nth) => {
      if (nth === 0) response.writeHead(429, { "retry-after": "1" }).end();
      else response.writeHead(nth === 1 ? 503 : 200).end();
    });
    await slack(to);
    expect(to.got).toHaveLength(3);
    expect((to.got[1]?.atMs ?? 0) - (to.got[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it("gives up after four attempts, naming the receiver and never its address", async () => {
    const to = await receiver((response) => {
      response.writeHead(500).end(`cannot post to ${secretPath}`);
    });
    const error = await failure(slack(to));
    expect(to.got).toHaveLength(4);
    expect(error.message).toMatch(
      /^The alert did not reach Slack: it answered 500: .*\*\*\*.*\(4 attempts\)/,
    );
    expect(`${error.message}${error.remedy}${error.stack}`).not.toContain("XXXXsecretXXXX");
  });

  it("does not follow a redirect with the secret", async () => {
    const stranger = await receiver();
    const to = await receiver((response) => {
      response.writeHead(307, { location: stranger.url }).end();
    });
    const error = await failure(slack(to));
    expect(error.message).toMatch(/answered 307/);
    expect(error.remedy).toMatch(/redirects to/);
    expect(stranger.got).toHaveLength(0);
  });

  it("names a webhook that is gone", async () => {
    const error = await failure(slack(await receiver(status(404))));
    expect(error.remedy).toMatch(/slack-webhook/);
  });

  it("does not wait for a receiver that is silent", async () => {
    const to = await receiver(() => {});
    const error = await failure(slack(to, { timeoutMs: 50 }));
    expect(error.message).toMatch(/no answer in time \(4 attempts\)/);
  });

  it("reads no more than the beginning of an endless answer", async () => {
    const to = await receiver((response) => {
      response.writeHead(400);
      const more = () => {
        while (response.write("x".repeat(65_536)));
        response.once("drain", more);
      };
      more();
    });
    const error = await failure(slack(to, { timeoutMs: 60_000 }));
    expect(error.message.length).toBeLessThan(400);
  });

  it("says that nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const error = await failure(slack({ url: `http://127.0.0.1:${port}` }));
    expect(error.message).toMatch(/did not reach Slack: ECONNREFUSED/);
  });

  it("ends at once when the run is cancelled", async () => {
    const cancelled = new AbortController();
    const to = await receiver(() => cancelled.abort());
    await expect(slack(to, { signal: cancelled.signal })).rejects.toThrow(/abort/i);
    expect(to.got).toHaveLength(1);
  });
});
