import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer, stopServers } from "../testing/server-process.ts";

const release = `sha256:${"1f".repeat(32)}`;
let mixed: RunningServer;
let moody: RunningServer;
let classes: RunningServer;
beforeAll(async () => {
  [mixed, moody, classes] = await Promise.all([
    startServer("mixed", { MAX_BODY_BYTES: "2000000" }),
    startServer("moody", { INFERENCE_TIMEOUT_MS: "300", POOL_SIZE: "2", MAX_CONCURRENCY: "4" }),
    startServer("classes", { ML_RELEASE: release }),
  ]);
});
afterAll(stopServers);

const good = {
  flight: 1,
  seat: 12,
  international: false,
  carrier: "UA",
  temperature: 20,
  wind: 3,
  distance: 700,
};
const one = JSON.stringify({ instances: [good] });

async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  expect(error).toMatchObject({
    code: expect.any(String),
    message: expect.any(String),
    remedy: expect.any(String),
  });
  expect(error.request_id).toBe(response.headers.get("x-request-id"));
  return { status: response.status, code: error.code, message: String(error.message) };
}

describe("POST /predict", () => {
  it("answers with predictions, the model and the request's id", async () => {
    const response = await moody.predict(
      { instances: [{ mood: 0 }, { mood: 4 }] },
      { headers: { "x-request-id": "r-1" } },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toBe("r-1");
    expect(response.headers.get("x-ml-nan-rows")).toBeNull();
    expect(await response.json()).toEqual({
      predictions: [0.5, expect.closeTo(0.505, 3)],
      model: { name: "moody", version: "1", digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      request_id: "r-1",
    });
  });

  it("answers a multiclass model by class", async () => {
    const { predictions } = (await (
      await classes.predict({ instances: [{ left: 0, right: 0 }] })
    ).json()) as never;
    const third = expect.closeTo(1 / 3, 6);
    expect(predictions).toEqual([{ low: third, middle: third, high: third }]);
  });

  it("makes an id when the given one is none that may be logged", async () => {
    for (const id of ["", "a b", "x".repeat(300), "ü"]) {
      const response = await mixed.predict(one, {
        headers: { "x-request-id": Buffer.from(id).toString("latin1") },
      });
      expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("lets 9007199254740993 arrive as itself", async () => {
    const text = one.replace('"flight":1', '"flight":9007199254740993');
    const { predictions } = (await (await mixed.predict(text)).json()) as { predictions: number[] };
    // 1 for the integer beyond 2^53, 120 for the seat, 1000 for the carrier, 700 for the distance.
    expect(predictions).toEqual([1821]);
    const beyond = await errorOf(
      await mixed.predict(text.replace("9007199254740993", "92233720368547758080")),
    );
    expect(beyond.message).toContain("instances[0].flight");
  });

  it("answers null for what is not finite, says how many, and counts them", async () => {
    const before = (await moody.metric('ml_inference_failures_total{reason="nan"}')) ?? 0;
    const answersBefore = (await moody.metric("ml_nan_answers_total")) ?? 0;
    const response = await moody.predict({ instances: [{ mood: -1 }, { mood: 0 }, { mood: -2 }] });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-ml-nan-rows")).toBe("2");
    expect(await response.json()).toMatchObject({ predictions: [null, 0.5, null] });
    expect(await moody.metric('ml_inference_failures_total{reason="nan"}')).toBe(before + 2);
    expect(await moody.metric("ml_nan_answers_total")).toBe(answersBefore + 1);
  });

  it("answers ten thousand instances, and refuses one more", async () => {
    const many = Array.from({ length: 10_000 }, (_, mood) => ({ mood: mood % 100 }));
    const response = await moody.predict({ instances: many });
    const { predictions } = (await response.json()) as { predictions: number[] };
    expect(predictions).toHaveLength(10_000);
    expect(predictions[9_999]).toBeCloseTo(1 / (1 + Math.exp(-Math.sqrt(99) / 100)), 5);
    const refused = await errorOf(await moody.predict({ instances: [...many, { mood: 1 }] }));
    expect(refused).toMatchObject({ status: 400, message: expect.stringContaining("at most 10000") });
  });

  it.each<[string, string | Uint8Array, string]>([
    ["nothing", "", "the body is empty"],
    ["no JSON", '{"instances": [', "the body is not JSON"],
    ["a list", "[1]", "the body must be an object"],
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "the body is not UTF-8"],
    ["deep nesting", "[".repeat(200_000), "the body is not JSON"],
    ["a prototype", '{"instances": [{"__proto__": {"seat": 1}}]}', 'unknown feature "__proto__"'],
    ["unknown features", one.replace("seat", "seet"), 'unknown feature "seet"; did you mean "seat"?'],
    ["metacharacters", one.replace("UA", "::set-output name=x::\\n<script>"), "is not an allowed value"],
  ])("refuses %s with 400", async (_name, body, message) => {
    const error = await errorOf(await mixed.predict(body));
    expect(error.status).toBe(400);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n<script>");
  });

  it("takes a body without Content-Type, as octets, as a form, and compressed", async () => {
    const plain = (await (await mixed.predict(one)).json()) as { predictions: number[] };
    for (const headers of [
      { "content-type": "application/octet-stream" },
      { "content-type": "application/x-www-form-urlencoded" },
      { "content-type": "application/json; charset=utf-8" },
    ]) {
      expect(await (await mixed.predict(one, { headers })).json()).toMatchObject({
        predictions: plain.predictions,
      });
    }
    const bytes = await mixed.predict(Buffer.from(one), {});
    expect(bytes.status).toBe(200);
    const packed = await mixed.predict(gzipSync(one), { headers: { "content-encoding": "gzip" } });
    expect(packed.status).toBe(200);
  });

  it("refuses a body that is not compressed as it says, or in a way not known", async () => {
    const broken = await errorOf(await mixed.predict(one, { headers: { "content-encoding": "gzip" } }));
    expect(broken).toMatchObject({ status: 400, message: expect.stringContaining("not gzip") });
    const unknown = await errorOf(await mixed.predict(one, { headers: { "content-encoding": "zstd" } }));
    expect(unknown).toMatchObject({ status: 415 });
  });

  it("refuses ten megabytes with 413, also as chunks, and unpacked from a few kilobytes", async () => {
    const large = Buffer.alloc(10_000_000, " ");
    // Again and again: whether a client that still sends gets to read the answer is a matter of luck otherwise.
    for (let turn = 0; turn < 10; turn++) {
      expect(await errorOf(await mixed.predict(large))).toMatchObject({ status: 413 });
    }
    const stream = new ReadableStream({
      async start(controller) {
        for (let part = 0; part < 100; part++) controller.enqueue(large.subarray(0, 100_000));
        controller.close();
      },
    });
    const chunked = await mixed.predict("", { body: stream, duplex: "half" } as RequestInit);
    expect(await errorOf(chunked)).toMatchObject({ status: 413 });
    const bomb = await mixed.predict(gzipSync(large), { headers: { "content-encoding": "gzip" } });
    expect(await errorOf(bomb)).toMatchObject({ status: 413 });
    expect((await mixed.predict(one)).status).toBe(200);
  });

  it("goes on after a request that is cut off in its body", async () => {
    const { port } = new URL(mixed.url);
    for (const headers of ["", "content-encoding: gzip\r\n"]) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(`POST /predict HTTP/1.1\r\nhost: x\r\n${headers}content-length: 100\r\n\r\n{"insta`);
      await sleep(30);
      socket.destroy();
    }
    expect((await mixed.predict(one)).status).toBe(200);
    while ((await mixed.metric("ml_requests_in_flight")) !== 0) await sleep(20);
  });

  it("answers 504 when the model takes too long, counts it, and goes on", async () => {
    const [slow, quick] = await Promise.all([
      moody.predict({ instances: [{ mood: 5000 }] }),
      moody.predict({ instances: [{ mood: 1 }] }),
    ]);
    expect(await errorOf(slow)).toMatchObject({ status: 504, code: "timeout" });
    expect(quick.status).toBe(200);
    expect(await moody.metric('ml_inference_failures_total{reason="timeout"}')).toBe(1);
  });

  it("answers 500 when the graph fails on rows that the contract allows", async () => {
    const error = await errorOf(await moody.predict({ instances: [{ mood: 500 }] }));
    expect(error).toMatchObject({ status: 500, code: "inference" });
    expect(await moody.metric('ml_inference_failures_total{reason="inference"}')).toBe(1);
  });

  it("refuses more at once than it is allowed with 503 and when to come again", async () => {
    // Four never end, and hold all that may be answered at once until they are killed.
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => moody.predict({ instances: [{ mood: 5000 }] })),
    );
    expect(responses.map((response) => response.status).sort()).toEqual([
      503, 503, 503, 503, 504, 504, 504, 504,
    ]);
    const [refused] = responses.filter((response) => response.status === 503);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect(await errorOf(refused as Response)).toMatchObject({ code: "overloaded" });
    expect(await moody.metric('ml_inference_failures_total{reason="rejected"}')).toBe(4);
  });
});

describe("the other addresses", () => {
  it("say what this is, that it is healthy, and that it is ready", async () => {
    expect(await (await fetch(mixed.url)).json()).toMatchObject({ model: { name: "mixed", version: "3" } });
    const health = await fetch(`${mixed.url}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      healthy: true,
      processes: 1,
      alive: 1,
      model: { name: "mixed" },
    });
    expect(await (await fetch(`${mixed.url}/ready`)).json()).toEqual({ ready: true });
  });

  it("answer what is not there, and other methods, in JSON", async () => {
    expect(await errorOf(await fetch(`${mixed.url}/v1/models`))).toMatchObject({ status: 404 });
    const wrong = await fetch(`${mixed.url}/predict`);
    expect(wrong.headers.get("allow")).toBe("POST");
    expect(await errorOf(wrong)).toMatchObject({ status: 405 });
  });

  it("give Prometheus the counts, with every reason from the start", async () => {
    const text = await (await fetch(`${classes.url}/metrics`)).text();
    expect(text).toMatch(/^ml_predictions_total 1$/m);
    expect(text).toMatch(/^ml_inference_duration_seconds_count 1$/m);
    expect(text).toMatch(/^ml_request_duration_seconds_count\{status="200"\} 1$/m);
    for (const reason of ["nan", "timeout", "crash", "inference", "rejected", "invalid"]) {
      expect(text).toContain(`ml_inference_failures_total{reason="${reason}"} 0`);
    }
    // The highest of the three probabilities, 1/3, of the one row.
    expect(text).toContain('ml_output_score_bucket{le="0.33"} 0\n');
    expect(text).toContain('ml_output_score_bucket{le="0.34"} 1\n');
    expect(text).toMatch(/^ml_output_score_count 1$/m);
    expect(text).toMatch(/^ml_model_info\{model="classes",version="1",digest="sha256:[0-9a-f]{64}"\} 1$/m);
  });

  it("count the score of one row a request, none where it is not finite", async () => {
    const count = async () => (await moody.metric("ml_output_score_count")) ?? 0;
    const before = await count();
    await moody.predict({ instances: [{ mood: 0 }, { mood: 0 }, { mood: 0 }] });
    expect(await count()).toBe(before + 1);
    const nan = await moody.predict({ instances: [{ mood: -1 }] });
    expect(nan.headers.get("x-ml-nan-rows")).toBe("1");
    expect(await count()).toBe(before + 1);
  });

  it("log every prediction with its request's id and no input", async () => {
    await mixed.predict(one, { headers: { "x-request-id": "in-the-log" } });
    const logged = () => mixed.logs().find((line) => line.request_id === "in-the-log");
    while (logged() === undefined) await sleep(50);
    expect(logged()).toMatchObject({ level: "info", status: 200, ms: expect.any(Number) });
    expect(mixed.output()).not.toContain('"carrier"');
  });
});

// The last, because it asks a server whose counts are tested above.
describe("ML_RELEASE", () => {
  it("names its release with every answer, also with errors, when it was told", async () => {
    const asked = [
      classes.predict({ instances: [{ left: 0, right: 0 }] }),
      classes.predict("{"),
      fetch(`${classes.url}/ready`),
      fetch(`${classes.url}/nowhere`),
      fetch(`${classes.url}/metrics`, { method: "DELETE" }),
    ];
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 404, 405]);
    expect(answers.map(({ headers }) => headers.get("x-ml-release"))).toEqual(Array(5).fill(release));
    expect((await fetch(`${mixed.url}/ready`)).headers.has("x-ml-release")).toBe(false);
  });
});
