import { createHash } from "node:crypto";
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { pages } from "../examples/all.ts";
import { driftFail, driftOfMany } from "../examples/drifts.ts";
import { evaluationFail, evaluationPass, verdict } from "../examples/evaluations.ts";
import { hostileNames, withHostileStrings } from "../examples/hostile.ts";
import { rollbackDone, rolloutPromoted, rolloutRestored } from "../examples/rollouts.ts";
import { binaryRows, multiclassRows, regressionRows } from "../examples/rows.ts";
import { shadowInconclusive, shadowReplay } from "../examples/shadows.ts";
import type { RolloutReportInput, SideObservation } from "../inputs.ts";
import { driftPage } from "./drift-page.ts";
import { evaluationPage } from "./evaluation-page.ts";
import { pageCapBytes } from "./page.ts";
import { rollbackPage } from "./rollback-page.ts";
import { rolloutPage } from "./rollout-page.ts";
import { shadowPage } from "./shadow-page.ts";
import { style } from "./style.ts";

const elements = new Set(
  "html head meta title style body main header section footer h1 h2 h3 p b a code ul ol li dl dt dd span div table caption thead tbody tr th td details summary figure figcaption svg g path line circle rect text desc clipPath".split(
    " ",
  ),
);
const attributes = new Set(
  "lang charset http-equiv content name class role aria-hidden aria-label aria-labelledby scope tabindex data-label href rel id xmlns viewBox d x y x1 x2 y1 y2 cx cy r width height transform text-anchor fill-opacity clip-path".split(
    " ",
  ),
);

/** Parses all of a page strictly as XML; refuses any element or attribute that no page of ours has. */
function inspect(page: string): { ids: string[]; links: string[]; text: string } {
  const found = { ids: [] as string[], links: [] as string[], text: "" };
  const problems: string[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => problems.push(error.message));
  parser.on("text", (text) => {
    found.text += text;
  });
  parser.on("opentag", ({ name, attributes: given }) => {
    if (!elements.has(name)) problems.push(`<${name}>`);
    for (const [key, value] of Object.entries(given)) {
      if (!attributes.has(key)) problems.push(`${name} ${key}=${value}`);
      if (
        /NaN|Infinity|undefined|null/.test(value) &&
        /^([dxyr]|[xy][12]|c[xy]|width|height|transform)$/.test(key)
      ) {
        problems.push(`${name} ${key}=${value}`);
      }
      if (key === "id") found.ids.push(value);
      if (key === "href") found.links.push(value);
    }
  });
  parser.write(page).close();
  expect(problems).toEqual([]);
  return found;
}

const all = pages();

describe("an HTML report", () => {
  test.each(Object.entries(all))("%s is well-formed, of our elements only, with unique ids", (_, page) => {
    const { ids, links } = inspect(page);
    expect(new Set(ids).size).toBe(ids.length);
    for (const link of links) expect(link).toMatch(/^https:\/\/github\.com\/|^http:\/\/127\.0\.0\.1/);
  });

  test.each(Object.entries(all))("%s fetches nothing and runs nothing", (_, page) => {
    const withoutLinks = page
      .replaceAll('xmlns="http://www.w3.org/2000/svg"', "")
      .replace(/<a href="[^"]*"/g, "");
    expect(withoutLinks).not.toMatch(
      /\b(src|srcset|action|poster|data)=|url\(\s*(?!#)|@import|https?:|javascript:/i,
    );
    expect(page).toContain("default-src 'none'".replaceAll("'", "&#39;"));
    expect(page).toContain(`sha256-${createHash("sha256").update(style).digest("base64")}`);
    expect(page.match(/<style>([\s\S]*?)<\/style>/)?.[1]).toBe(style);
  });

  test.each(Object.entries(all))("%s has names for its pictures and tables", (_, page) => {
    const pictures = page.match(/<svg [^>]*role="img"[^>]*>/g) ?? [];
    for (const picture of pictures) expect(picture).toMatch(/aria-label(ledby)?="[^"]+"/);
    expect(page.match(/<table/g)?.length).toBe(page.match(/<caption/g)?.length);
    for (const [figure] of page.matchAll(/<figure.*?<\/figure>/gs)) {
      expect(figure).toMatch(/<title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+<\/desc>/);
    }
    for (const [picture] of page.matchAll(/<svg (?!.*?aria-hidden)[^>]*>/g)) {
      expect(picture).toMatch(/role="img"/);
    }
  });

  test("reads as it did", async () => {
    const few = binaryRows(300);
    await expect(evaluationPage(evaluationPass, few)).toMatchFileSnapshot("../goldens/eval-pass.html.txt");
    await expect(evaluationPage(evaluationFail, few)).toMatchFileSnapshot("../goldens/eval-fail.html.txt");
    await expect(shadowPage(shadowInconclusive, few)).toMatchFileSnapshot("../goldens/shadow.html.txt");
    await expect(driftPage(driftFail)).toMatchFileSnapshot("../goldens/drift-fail.html.txt");
    await expect(rolloutPage(rolloutPromoted)).toMatchFileSnapshot("../goldens/rollout-promoted.html.txt");
    await expect(rolloutPage(rolloutRestored)).toMatchFileSnapshot("../goldens/rollout-restored.html.txt");
  });

  test.each([...hostileNames.entries()])(
    "of hostile name %i has nothing in it that is not ours",
    (_, name) => {
      inspect(evaluationPage(withHostileStrings(evaluationFail, name), binaryRows(50)));
      inspect(
        evaluationPage(withHostileStrings(evaluationPass, name), multiclassRows(50, [name, name, name])),
      );
      inspect(evaluationPage(evaluationPass, regressionRows(50)));
      inspect(shadowPage(withHostileStrings(shadowInconclusive, name), null));
      inspect(rolloutPage(withHostileStrings(rolloutRestored, name)));
      inspect(rolloutPage(withHostileStrings(rolloutPromoted, name)));
      inspect(rollbackPage(withHostileStrings(rollbackDone, name)));
      inspect(shadowPage(withHostileStrings(shadowReplay, name), null));
      inspect(driftPage(withHostileStrings(driftFail, name)));
      inspect(driftPage({ ...withHostileStrings(driftFail, name), gates: driftFail.gates }));
    },
  );

  test("of 5,000 gates and as many observations stays small enough to open", () => {
    const verdicts = Array.from({ length: 5000 }, (_, index) =>
      verdict({
        gate: `f1{station=${index}} >= 0.1`,
        verdict: index % 2 === 0 ? "fail" : "pass",
        reason: "r".repeat(200),
      }),
    );
    const page = evaluationPage({ ...evaluationFail, verdicts }, binaryRows(50_000));
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(pageCapBytes);
    expect(inspect(page).text).toMatch(/4,8\d\d more gates/);
    const steps = Array.from(
      { length: 40 },
      () => ({ ...rolloutRestored.steps[0], verdicts: verdicts.slice(0, 10) }) as never,
    );
    const observations = Array.from({ length: 5000 }, () => rolloutPromoted.observations).flat();
    const points = Array.from({ length: 100_000 }, (_, index) => ({
      at: rolloutRestored.run.startedAt + index,
      requests: index,
      fail: Math.sin(index) * 50,
      pass: -Math.sin(index) * 50,
    }));
    const wealth = verdicts.map(({ gate }) => ({ gate, needed: { fail: 4, pass: 3 }, points }));
    const rollout = rolloutPage({ ...rolloutRestored, steps, observations, wealth: wealth.slice(0, 20) });
    expect(Buffer.byteLength(rollout)).toBeLessThanOrEqual(pageCapBytes);
    expect(rollout).toMatch(/12 of 20 gates/);
  });

  test("of 500 drifting columns with long names stays so too, and has every one of them", () => {
    const many = driftOfMany(500);
    const gates = many.features.map(({ feature }) =>
      verdict({ gate: `psi{feature=${feature}} <= 0.2`, verdict: "fail", reason: "r".repeat(300) }),
    );
    const page = driftPage({ ...many, gates });
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(pageCapBytes);
    const { text } = inspect(page);
    expect(text).toMatch(/All features \(500\)/);
    for (const { feature } of many.features) expect(text).toContain(feature);
    expect(text).not.toMatch(/left out/);
  });

  test("leaves out whole parts that do not fit, and says so", () => {
    const long = { ...rolloutRestored, url: "https://x.example/" };
    const journal = Array.from({ length: 300 }, (_, at) => ({ at, text: "&".repeat(300) }));
    const page = rolloutPage({ ...long, journal });
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(pageCapBytes);
    expect(inspect(page).text).toMatch(/1 part of this page left out/);
    expect(inspect(page).text).toMatch(/Steps asked for/);
  });
});

const counts = fc.record({
  requests: fc.nat(),
  errors: fc.nat(),
  nan: fc.option(fc.nat()),
  p50Ms: fc.option(fc.double()),
  p99Ms: fc.option(fc.double()),
}) as fc.Arbitrary<SideObservation>;
const moment = fc.oneof(
  fc.record({
    at: fc.nat(1e6),
    weightPercent: fc.integer({ min: 0, max: 100 }),
    stable: counts,
    candidate: counts,
  }),
  fc.record({
    at: fc.nat(1e6),
    weightPercent: fc.constant(5),
    problem: fc.constant("outage" as const),
    detail: fc.string(),
  }),
);
const sides = fc.record({ stable: fc.nat(), candidate: fc.nat() });
const rollout: fc.Arbitrary<RolloutReportInput> = fc
  .record({
    stable: fc.option(fc.constant(rolloutPromoted.stable)),
    stage: fc.constantFrom("promoted", "restored", "held"),
    at: fc.nat(1e6),
    observations: fc.array(moment, { maxLength: 20 }),
    plannedPercents: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 12 }),
    steps: fc.array(
      fc.record({
        weightPercent: fc.integer({ min: 0, max: 100 }),
        from: fc.nat(1e6),
        to: fc.nat(1e6),
        requests: sides,
        failures: sides,
        verdicts: fc.subarray([...(rolloutRestored.steps[0]?.verdicts ?? [])]),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ stage, at, ...rest }) => ({
    ...rolloutRestored,
    ...rest,
    outcome: { ...rolloutRestored.outcome, stage, at },
  }));

describe("pages of odd rollouts", () => {
  test("are well-formed whatever was or was not observed", () => {
    fc.assert(
      fc.property(rollout, (input) => {
        inspect(rolloutPage(input));
      }),
      { numRuns: 60 },
    );
  });
});

describe("pages of odd drift", () => {
  const [feature] = driftFail.features;
  if (feature === undefined) throw new Error("examples are gone");
  const nothing = { psi: null, kl: null, js: null, chi2: null, ks: null, wasserstein: null, p: null };
  const unread = { ...feature, ...nothing, pAdjusted: null, test: null, drifted: false, bins: [] };
  const none = { reference: 0, current: 0 };

  test.each([
    ["no feature", []],
    ["a feature without any figure", [{ ...unread, missing: none, rows: none }]],
    ["a feature of one row", [{ ...feature, rows: { reference: 1, current: 1 } }]],
    ["figures that are no numbers", [{ ...feature, psi: Number.NaN, p: Number.NaN, pAdjusted: Number.NaN }]],
    ["an infinite figure", [{ ...feature, psi: Number.POSITIVE_INFINITY, wasserstein: 1e300 }]],
    ["empty bins", [{ ...feature, bins: [{ label: "", reference: 0, current: 0 }] }]],
    ["no change at all", [{ ...feature, psi: 0, drifted: false }]],
  ])("with %s are well-formed, gates or none", (_, features) => {
    for (const gates of [driftFail.gates, []]) {
      inspect(driftPage({ ...driftFail, gates, features }));
      inspect(driftPage({ ...driftFail, gates, features, estimated: [], actions: [], notes: [] }));
    }
  });
});

describe("pages of odd models", () => {
  const odd = (values: number[]) => Float64Array.from(values);

  test.each([
    ["no rows", odd([]), odd([])],
    ["one class", odd([1, 1, 1]), odd([0.1, 0.5, 0.9])],
    ["only NaN", odd([0, 1]), odd([Number.NaN, Number.NaN])],
    ["one score", odd([0, 1, 0, 1]), odd([0.5, 0.5, 0.5, 0.5])],
    ["infinite scores", odd([0, 1, 1]), odd([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 3])],
    ["huge scores", odd([0, 1, 1]), odd([-1e300, 1e300, 0])],
  ])("with %s are well-formed", (_, labels, candidate) => {
    for (const baseline of [candidate, null]) {
      inspect(
        evaluationPage(evaluationPass, { task: "binary", labels, candidate, baseline, threshold: 0.5 }),
      );
      inspect(evaluationPage(evaluationPass, { task: "regression", labels, candidate, baseline }));
      inspect(
        evaluationPage(evaluationPass, { task: "multiclass", classes: ["a"], labels, candidate, baseline }),
      );
      inspect(
        shadowPage(shadowInconclusive, {
          task: "binary",
          labels: null,
          candidate,
          baseline,
          threshold: null,
        }),
      );
    }
  });

  test("say how many answers were no number", () => {
    const rows = binaryRows(100);
    rows.candidate[3] = Number.NaN;
    expect(inspect(evaluationPage(evaluationPass, rows)).text).toMatch(
      /no number: 1 of the candidate, 0 of the baseline/,
    );
  });
});
