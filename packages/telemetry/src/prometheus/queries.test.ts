import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SmallPrometheus, vectorOf } from "./prometheus.testing.ts";
import { fill, parseQueries } from "./queries.ts";
import { httpPrometheus } from "./reach.ts";
import { prometheusTelemetry } from "./source.ts";

const requests = 'sum(http_requests_total{pod=~"{{pods}}"})';
const errors = 'sum(http_requests_total{pod=~"{{pods}}",code=~"5.."})';
const filling = { namespace: "ns", workload: "flights", pods: ["a-1", "a.2"], release: "sha256:1" };

describe("queries", () => {
  test("are filled in as they are meant, inside the string that they stand in", () => {
    const text = `x{namespace="{{namespace}}",w='{{ workload }}',pod=~"{{pods}}",r=~"{{release}}"} # "{{pods}}`;
    expect(fill(text, { ...filling, namespace: 'n"s\\', workload: "it's\n" })).toBe(
      `x{namespace="n\\"s\\\\",w='it\\'s\\n',pod=~"a-1|a\\\\.2",r=~"sha256:1"} # "{{pods}}`,
    );
  });

  test("never let a value out of its string", () => {
    fc.assert(
      fc.property(fc.string(), (workload) => {
        const filled = fill('x{w="{{workload}}"}', { ...filling, workload });
        expect(filled).toMatch(/^x\{w="(?:[^"\\\n\r]|\\.)*"\}$/);
        expect(
          filled.slice(5, -2).replace(/\\(.)/g, (_, one) => ({ n: "\n", r: "\r" })[one as string] ?? one),
        ).toBe(workload);
      }),
    );
  });

  test.each<[string, Record<string, unknown>, RegExp[]]>([
    [
      "an unknown name",
      { requests, errors, request: "x" },
      [/"request" is none; there are requests, errors, nan/],
    ],
    ["a name that objects have", { requests, errors, constructor: "x" }, [/"constructor" is none/]],
    ["one that is missing", { requests }, [/errors: is missing/]],
    ["one that is empty", { requests, errors: " " }, [/errors: is no PromQL/]],
    ["one that is no text", { requests, errors: 5 }, [/errors: is no PromQL/]],
    [
      "an unknown placeholder",
      { requests, errors: 'x{a="{{pod}}"}' },
      [/"\{\{pod\}\}" stands for nothing; there are \{\{namespace\}\}, /],
    ],
    [
      "a placeholder outside quotes",
      { requests, errors: "x{a={{pods}}}" },
      [/errors: \{\{pods\}\} must stand in/],
    ],
    ["one in a raw string", { requests, errors: "x{a=~`{{pods}}`}" }, [/must stand in/]],
    ["pods that are no pattern", { requests, errors: 'x{a="{{pods}}"}' }, [/behind =~/]],
    ["the same for both sides", { requests, errors: 'x{a="{{namespace}}"}' }, [/same for both sides/]],
    [
      "latency of no unit",
      { requests, errors, latency: 'sum by (le) (x_bucket{pod=~"{{pods}}"})' },
      [/latency: the names/],
    ],
    [
      "latency of two units",
      { requests, errors, latency: 'sum by (le) (x_seconds_bucket{pod=~"{{pods}}"} or y_ms_bucket)' },
      [/latency: the names/],
    ],
    [
      "several at once",
      { errors: "x", other: 1 },
      [/"other" is none/, /requests: is missing/, /errors: it is the same/],
    ],
    ["a huge one", { requests, errors: `${errors}${" ".repeat(20_000)}` }, [/longer than 10000/]],
  ])("with %s are refused", (_, given, messages) => {
    for (const message of messages) expect(() => parseQueries(given)).toThrow(message);
  });

  test("whatever they are, they are taken or refused", () => {
    const fragment = fc.constantFrom(
      "{{pods}}",
      "{{",
      "}}",
      '"',
      "'",
      "`",
      "\\",
      "#",
      "\n",
      "=~",
      "x",
      "{",
      "}",
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 20 }), (parts) => {
        try {
          parseQueries({ requests, errors: parts.join("") });
        } catch (error) {
          expect(error).toMatchObject({ name: "TelemetryError", code: "invalid" });
        }
      }),
    );
  });
});

describe("counts by queries", () => {
  let prometheus: SmallPrometheus;
  /** What each part is answered with, by `stable requests`. */
  let values: Record<string, [Record<string, string>, number | string][]>;
  beforeEach(async () => {
    prometheus = await SmallPrometheus.start();
    values = {};
    for (const side of ["stable", "candidate"]) {
      values[`${side} requests`] = [[{}, 100]];
      values[`${side} errors`] = [[{}, 1]];
      values[`${side} latency`] = [
        [{ le: "0.1" }, 60],
        [{ le: "+Inf" }, 100],
      ];
    }
    prometheus.instead = (query) =>
      vectorOf(
        ...Object.entries(values)
          .filter(([part]) => query.includes(`"ml_actions_part","${part}"`))
          .flatMap(([part, series]) =>
            series.map(([labels, value]): [Record<string, string>, number | string] => [
              { ...labels, ml_actions_part: part },
              value,
            ]),
          ),
      );
  });
  afterEach(() => prometheus.stop());

  const latency = 'sum by (le) (http_request_duration_seconds_bucket{pod=~"{{pods}}"})';
  const side = (workload: string) => ({ namespace: "ns", workload, pods: [`${workload}-1`] });
  const source = () =>
    prometheusTelemetry({
      prometheus: httpPrometheus(prometheus.url),
      sides: async () => ({ stable: side("flights"), candidate: side("flights-candidate") }),
      queries: parseQueries({ requests, errors, latency }),
    });
  const observe = (telemetry: ReturnType<typeof source>) => telemetry.observe("sha256:s", "sha256:c");
  const set = (part: string, ...series: [Record<string, string>, number | string][]) => {
    values[part] = series;
  };

  test("are those since the first look, all of one moment", async () => {
    const telemetry = source();
    expect(await observe(telemetry)).toMatchObject({ problem: "no-traffic" });
    expect(prometheus.queries).toHaveLength(1);
    expect(prometheus.queries[0]).toContain('pod=~"flights-candidate-1"');
    set("candidate requests", [{}, 130]);
    set("candidate errors", [{}, 3]);
    set("candidate latency", [{ le: "+Inf" }, 128], [{ le: "0.1" }, 80]);
    expect(await observe(telemetry)).toEqual({
      at: expect.any(Number),
      ok: true,
      stable: {
        requests: 0,
        errors: 0,
        nan: null,
        latency: { boundsMs: [100], counts: [0, 0] },
        scores: null,
      },
      candidate: {
        requests: 30,
        errors: 2,
        nan: null,
        latency: { boundsMs: [100], counts: [20, 8] },
        scores: null,
      },
    });
  });

  test("that fall are ambiguous once, and go on from there", async () => {
    const telemetry = source();
    await observe(telemetry);
    set("candidate requests", [{}, 130]);
    set("stable requests", [{}, 50]);
    expect(await observe(telemetry)).toMatchObject({
      problem: "ambiguous",
      detail: expect.stringContaining("a series that it adds up is gone"),
    });
    set("stable requests", [{}, 60]);
    expect(await observe(telemetry)).toMatchObject({ stable: { requests: 10 }, candidate: { requests: 30 } });
  });

  test.each<[string, string, [Record<string, string>, number | string][], string, RegExp]>([
    ["nothing", "candidate errors", [], "outage", /errors came back empty for candidate.*or vector\(0\)/],
    [
      "several series",
      "stable requests",
      [
        [{ pod: "a", code: "200" }, 1],
        [{ pod: "b", code: "200" }, 2],
      ],
      "ambiguous",
      /requests gave 2 series for stable, which differ in pod/,
    ],
    ["NaN", "candidate requests", [[{}, "NaN"]], "not-a-number", /requests of candidate is NaN/],
    ["infinity", "candidate requests", [[{}, "+Inf"]], "not-a-number", /Infinity/],
    ["an estimate", "candidate requests", [[{}, 1.07]], "not-a-number", /`rate` and `increase` estimate/],
    [
      "buckets of several series",
      "candidate latency",
      [
        [{ le: "1", pod: "a" }, 1],
        [{ le: "1", pod: "b" }, 1],
      ],
      "ambiguous",
      /differ in pod.*sum by \(le\)/,
    ],
    ["buckets without bounds", "candidate latency", [[{}, 1]], "ambiguous", /latency gave 1 series/],
    [
      "milliseconds under seconds",
      "candidate latency",
      [
        [{ le: "5" }, 1],
        [{ le: "5000" }, 1],
        [{ le: "+Inf" }, 1],
      ],
      "ambiguous",
      /look like ms/,
    ],
  ])("%s is a problem with its name", async (_, part, series, problem, detail) => {
    set(part, ...series);
    expect(await observe(source())).toMatchObject({
      ok: false,
      problem,
      detail: expect.stringMatching(detail),
    });
  });

  test("of a query that Prometheus refuses name it, with its words", async () => {
    prometheus.instead = (query) =>
      query.includes("candidate errors")
        ? {
            status: 400,
            text: '{"status":"error","errorType":"bad_data","error":"parse error: unexpected )"}',
          }
        : vectorOf();
    expect(await observe(source())).toMatchObject({
      problem: "outage",
      detail: expect.stringMatching(/candidate errors: .*parse error: unexpected \)/),
    });
  });
});
