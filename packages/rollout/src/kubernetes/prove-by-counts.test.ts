import type { RequestCount } from "@ml-actions/telemetry/request-counts";
import { describe, expect, it } from "vitest";
import { agrees, type Moved, movedBetween, oursAgree } from "./moved.ts";
import { type Look, type Probe, unnamed, type Witness } from "./probe.ts";
import { proveShares, type ShareClaim } from "./prove.ts";

const quiet = { stable: 0, candidate: 0 };
const moved = (stable: number, candidate: number, noise = quiet): Moved => ({
  stable,
  candidate,
  by: "x",
  noise,
});

describe("counts agree with a split", () => {
  it.each([
    // 400 of ours and nobody else's: the binomial's own bounds, as prove.test.ts has them.
    [moved(378, 22), 10, true],
    [moved(379, 21), 10, false],
    [moved(339, 61), 10, true],
    [moved(338, 62), 10, false],
    // 400 of ours among 4,000 of users that come by the same way: 10 % of 4,400 is 440 ± 66.
    [moved(3_960, 440), 10, true],
    [moved(2_200, 2_200), 10, false],
    [moved(500, 0), 0, true],
    [moved(500, 1), 0, false],
    [moved(0, 100), 100, true],
    [moved(1, 700), 100, false],
    [moved(0, 0), 0, false],
  ])("%j at %i %%: %s", (counts, percent, expected) => {
    expect(agrees(counts, { count: 400, share: percent / 100 })).toBe(expected);
  });

  it.each([
    // Users who reach stable past what routes: of ours alone it is a tenth.
    [moved(4_360, 40), 10, true],
    [moved(4_380, 20), 10, false],
    [moved(2_200, 2_200), 10, false],
    [moved(40, 400), 100, true],
    [moved(400, 399), 100, false],
    [moved(400, 50), 0, true],
    [moved(399, 50), 0, false],
  ])("as far as it is ours: %j at %i %%: %s", (counts, percent, expected) => {
    expect(oursAgree(counts, { count: 400, share: percent / 100 })).toBe(expected);
  });

  it("but for as many as may be probes of the kubelet, where counters do not tell those apart", () => {
    const noise = { stable: 4, candidate: 4 };
    expect(agrees(moved(104, 4, noise), { count: 100, share: 0 })).toBe(true);
    expect(agrees(moved(104, 5, noise), { count: 100, share: 0 })).toBe(false);
    expect(agrees(moved(4, 100, noise), { count: 100, share: 1 })).toBe(true);
    expect(agrees(moved(5, 100, noise), { count: 100, share: 1 })).toBe(false);
  });
});

const pod = (uid: string, requests: Record<string, number>, process = 1): RequestCount => ({
  pod: { namespace: "ml", name: uid, uid, port: 8080 },
  process,
  requests: new Map(Object.entries(requests)),
  pathless: new Set(),
});

describe("what has moved between two looks", () => {
  const before: Look = { stable: [pod("a", { http: 10, nv: 5 })], candidate: [pod("b", { http: 0, nv: 0 })] };
  it("is what the counters that rose most on both sides say", () => {
    const after = { stable: [pod("a", { http: 110, nv: 6 })], candidate: [pod("b", { http: 50, nv: 1 })] };
    expect(movedBetween(before, after, 1)).toMatchObject({ stable: 100, candidate: 50, by: "http" });
  });

  it("is nothing where pods changed, began anew or fell", () => {
    const { stable } = before;
    expect(movedBetween(before, { stable, candidate: [pod("c", { http: 1 })] }, 1)).toBeNull();
    expect(movedBetween(before, { stable, candidate: [pod("b", { http: 9, nv: 9 }, 60)] }, 1)).toBeNull();
    expect(movedBetween(before, { ...before, stable: [pod("a", { http: 9, nv: 5 })] }, 1)).toBeNull();
    expect(movedBetween(before, { stable, candidate: [] }, 1)).toBeNull();
  });

  it("cannot be known where the sides count differently", () => {
    const look = { stable: [pod("a", { http: 1 })], candidate: [pod("b", { nv: 1 })] };
    expect(movedBetween(look, look, 1)).toMatch(/no series in common/);
  });
});

/** Servers without names behind something that gives the candidate that part of all requests. */
function nameless(part: number, counts: boolean, names = false) {
  const said: string[] = [];
  const served = { stable: 0, candidate: 0 };
  const witness: Witness = {
    say: (message) => said.push(message),
    candidateNames: async () => names,
    look: async () =>
      counts
        ? { stable: [pod("a", { http: served.stable })], candidate: [pod("b", { http: served.candidate })] }
        : "stable: no page",
  };
  const probe: Probe = {
    witness,
    async ask(_, { path, count }) {
      if (path === "/ml-actions") {
        served.candidate += Math.round(count * part);
        served.stable += count - Math.round(count * part);
      }
      return new Map([[unnamed, count]]);
    },
  };
  return { probe, said };
}

const claim: ShareClaim = {
  url: "http://flights",
  request: { path: "/ready" },
  stable: "sha256:a",
  candidate: "sha256:b",
  candidatePercent: 10,
  stableIsUnnamed: true,
  timeoutMs: 300,
};

describe("servers that do not name themselves", () => {
  it("are told apart by what their pods count", async () => {
    const { probe, said } = nameless(0.1, true);
    await proveShares(probe, claim);
    expect(said).toEqual([]);
  });

  it("that get another share than was routed are found out", async () => {
    await expect(proveShares(nameless(0, true).probe, claim)).rejects.toMatchObject({
      code: "not-routed",
      message: expect.stringMatching(/pods counted 0 of 400 requests for the candidate \(http\)/),
    });
    await expect(
      proveShares(nameless(0.1, true).probe, { ...claim, candidatePercent: 0 }),
    ).rejects.toMatchObject({ code: "not-routed" });
  });

  it("are proven as the first release too, and while stable takes their release over", async () => {
    const { probe, said } = nameless(1, true);
    await proveShares(probe, { ...claim, stable: null, candidatePercent: 100 });
    await proveShares(probe, { ...claim, stable: "sha256:b", candidatePercent: 0, stableIsUnnamed: false });
    expect(said).toEqual([]);
  });

  it("and count nothing are taken as routed, which is said", { timeout: 10_000 }, async () => {
    const { probe, said } = nameless(0.1, false);
    await proveShares(probe, claim);
    expect(said).toEqual([
      expect.stringMatching(
        /no x-ml-release, and stable: no page. That the candidate gets 10 % .* not measured/,
      ),
    ]);
    const { ask } = probe;
    await expect(proveShares({ ask }, claim)).rejects.toMatchObject({ code: "unreachable" });
  });

  it("of stable alone need no counting: the candidate's answers would have its name", async () => {
    const { probe, said } = nameless(0.1, false, true);
    await proveShares(probe, { ...claim, candidatePercent: 0 });
    expect(said).toEqual([]);
  });
});
