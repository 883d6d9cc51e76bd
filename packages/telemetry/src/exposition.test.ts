import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyOf, numberOf, parseExposition } from "./exposition.ts";

const all = () => true;
const read = (text: string) => parseExposition(text, all).samples;

describe("pages", () => {
  test("are read with labels, escapes, timestamps and exemplars", () => {
    const page = [
      "# HELP http_requests_total Requests.",
      "# TYPE http_requests_total counter",
      'http_requests_total{code="200",path="C:\\\\a \\"b\\"\\n}"} 1027 1395066363000',
      'http_requests_total{ code = "500" , } 3',
      "plain 1.5e+03",
      'latency_bucket{le="0.1"} 8 # {trace_id="KOO5S4vxi0o"} 0.067 1520879607.789',
      "never_seen NaN",
      "",
      "  indented\t+Inf",
      "# EOF",
    ].join("\n");
    expect(read(page).map(({ name, labels, value }) => [name, Object.fromEntries(labels), value])).toEqual([
      ["http_requests_total", { code: "200", path: 'C:\\a "b"\n}' }, 1027],
      ["http_requests_total", { code: "500" }, 3],
      ["plain", {}, 1500],
      ["latency_bucket", { le: "0.1" }, 8],
      ["never_seen", {}, Number.NaN],
      ["indented", {}, Infinity],
    ]);
    expect([...parseExposition(page, all).declared]).toEqual(["http_requests_total"]);
  });

  test("give only what is wanted, and what is not wanted may be broken", () => {
    const page = 'broken{a="1 2\nwanted 1\nwanted_created 1.6e9\n{"utf8.name"} 4\n???\n';
    expect(parseExposition(page, (name) => name === "wanted").samples).toHaveLength(1);
  });

  test("may have Windows' line ends", () => {
    expect(read('a{b="c"} 1\r\nd 2\r\n').map(({ value }) => value)).toEqual([1, 2]);
  });

  test("may name a label as objects name their own", () => {
    const [sample] = read('a{__proto__="x",constructor="y"} 1\n');
    expect(sample?.labels.get("__proto__")).toBe("x");
    expect(keyOf(sample as NonNullable<typeof sample>)).toBe('a{__proto__="x",constructor="y"}');
  });
});

describe("what cannot be read", () => {
  test.each([
    ["a value that is none", "a one\n"],
    ["no value", 'a{b="c"}\n'],
    ["a hexadecimal", "a 0x10\n"],
    ["open braces", 'a{b="c" 1\n'],
    ["an open string", 'a{b="c} 1\n'],
    ["a label without a value", "a{b} 1\n"],
    ["two labels without a comma", 'a{b="c"d="e"} 1\n'],
    ["a label twice", 'a{b="c",b="d"} 1\n'],
    ["words behind the value", "a 1 2 3\n"],
  ])("%s is told with its line", (_, page) => {
    expect(() => read(page)).toThrow(
      expect.objectContaining({
        code: "not-a-number",
        message: expect.stringContaining(page.trim().slice(0, 5)),
      }),
    );
  });

  test("a page that is cut off is no page", () => {
    expect(() => read("a 1\nb 10")).toThrow(expect.objectContaining({ code: "outage" }));
  });

  test("the same series twice is ambiguous, in whatever order its labels are", () => {
    expect(() => read('a{b="1",c="2"} 1\na{c="2",b="1"} 1\n')).toThrow(
      expect.objectContaining({ code: "ambiguous", message: expect.stringContaining('a{b="1",c="2"}') }),
    );
  });

  test("too many series are refused, and a huge page is read fast", () => {
    const many = Array.from({ length: 100_001 }, (_, index) => `a{i="${index}"} 1\n`).join("");
    expect(() => read(many)).toThrow(expect.objectContaining({ code: "outage" }));
    const startedMs = performance.now();
    parseExposition(many.repeat(4), () => false);
    const hostile = `a{${' b="c",'.repeat(50_000)}\n`;
    expect(() => read(hostile)).toThrow(expect.objectContaining({ code: "not-a-number" }));
    expect(() => read(`a${" ".repeat(100_000)}x${" ".repeat(100_000)}y\n`)).toThrow();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

test("whatever text comes, it is a page or an error of ours", () => {
  const fragment = fc.constantFrom(
    "a",
    "{",
    "}",
    '"',
    "\\",
    ",",
    "=",
    " ",
    "\n",
    "1",
    "NaN",
    "#",
    "le",
    "\t",
    "🙂",
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), (parts) => {
      try {
        read(`${parts.join("")}\n`);
      } catch (error) {
        expect((error as Error).name).toBe("TelemetryError");
      }
    }),
    { numRuns: 2_000 },
  );
});

test("what is written is read again", () => {
  const label = fc.tuple(fc.stringMatching(/^[a-z_]{1,8}$/), fc.string());
  const series = fc.record({
    name: fc.stringMatching(/^[a-z_:]{1,10}$/),
    labels: fc.uniqueArray(label, { selector: ([name]) => name, maxLength: 5 }),
    value: fc.oneof(fc.maxSafeNat(), fc.double()),
  });
  const escaped = (text: string) => text.replace(/[\\"\n]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`));
  fc.assert(
    fc.property(series, ({ name, labels, value }) => {
      // Lines end at a line feed alone; no client library writes another control character into a label.
      fc.pre(labels.every(([, text]) => !/[\r\u2028\u2029]/.test(text)));
      const shown = labels.map(([label, text]) => `${label}="${escaped(text)}"`).join(",");
      const [sample] = read(`${name}{${shown}} ${value}\n`);
      expect(sample?.name).toBe(name);
      expect([...(sample?.labels ?? [])]).toEqual(labels);
      // JavaScript writes -0 as 0.
      expect(sample?.value).toBe(value === 0 ? 0 : value);
    }),
  );
});

test("numbers are read as both formats write them", () => {
  expect(["1", "+1.", ".5", "1e3", "-Inf", "inf", "+INF", "nan"].map(numberOf)).toEqual([
    1,
    1,
    0.5,
    1000,
    -Infinity,
    Infinity,
    Infinity,
    Number.NaN,
  ]);
  expect(["", "1_000", "0x1", "1e", "Infinit", "--1", "1 2"].map(numberOf)).toEqual(Array(7).fill(null));
});
