import { beforeEach, describe, expect, it } from "vitest";
import { RolloutError } from "../error.ts";
import { releaseNamed } from "../memory.testing.ts";
import type { HistoryEntry, Release, Target } from "../target.ts";
import type { Platform, PlatformState, Side } from "./platform.ts";
import { kubernetesTarget } from "./target.ts";

const [a, b, x] = ["a", "b", "x"].map((label) => ({
  ...releaseNamed(label),
  image: `registry/flights@${releaseNamed(label).digest}`,
})) as [Release, Release, Release];
const side = (release: Release): Side => ({ release, ready: true });

/** A platform and a ledger that write down what is asked of them, and stop before the act that they are told. */
class Cluster {
  acts: string[] = [];
  state: PlatformState = {
    stable: null,
    candidate: null,
    candidatePercent: 0,
    mirrorPercent: 0,
    url: "http://x",
  };
  head: HistoryEntry | null = null;
  rollout = "1";
  stopBefore: { act: string; error: Error } | null = null;
  troubles: string[] = [];

  target(): Target {
    const { platform, ledger } = this;
    return kubernetesTarget({ platform, ledger, onTrouble: (text) => this.troubles.push(text) });
  }

  async #act(act: string, change: () => void = () => {}): Promise<void> {
    if (this.stopBefore?.act === act) throw this.stopBefore.error;
    this.acts.push(act);
    change();
  }

  readonly platform: Platform = {
    read: async () => structuredClone(this.state),
    prepare: (release) =>
      this.#act(`prepare ${release.label}`, () => this.#set({ candidate: side(release) })),
    capacity: (percent) => this.#act(`capacity ${percent}`),
    route: (percent) => this.#act(`route ${percent}`, () => this.#set({ candidatePercent: percent })),
    prove: (percent) => this.#act(`prove ${percent}`),
    mirror: (percent) => this.#act(`mirror ${percent}`, () => this.#set({ mirrorPercent: percent })),
    adopt: () => this.#act("adopt", () => this.#set({ stable: this.state.candidate })),
    cleanUp: () => this.#act("cleanUp", () => this.#set({ candidate: null, candidatePercent: 0 })),
    pods: async () => ({ stable: [], candidate: [] }),
    workloads: async () => ({ stable: { workload: "f" }, candidate: { workload: "f-candidate" } }),
  };

  readonly ledger = {
    fence: async () => {},
    fenceTraffic: async () => {},
    commit: (release: Release) =>
      this.#act(`commit ${release.label}`, () => {
        this.head = { release, promotedAt: 0, verdict: "pass", rollout: this.rollout };
      }),
    committed: async () => this.head,
    lease: async () => ({ holder: "h", rollout: this.rollout, acquiredAt: 0, expiresAt: 1 }),
  };

  #set(change: Partial<PlatformState>): void {
    this.state = { ...this.state, ...change };
  }
}

let cluster: Cluster;
beforeEach(() => {
  cluster = new Cluster();
  cluster.state.stable = side(a);
  cluster.head = { release: a, promotedAt: 0, verdict: "first", rollout: "0" };
});
const withCandidate = (release: Release, candidatePercent = 0, mirrorPercent = 0) =>
  Object.assign(cluster.state, { candidate: side(release), candidatePercent, mirrorPercent });
const fails = (act: string, error = new Error(`no ${act}`)) => {
  cluster.stopBefore = { act, error };
};

describe("split", () => {
  const notRouted = new RolloutError("not-routed", "answers come from: stable 400.", "See who else routes.");
  const down = { release: b, ready: false, why: "pod p ended with exit code 1" };

  it("says that the candidate is down where its share does not come about because of that", async () => {
    withCandidate(b);
    const { platform } = cluster;
    const prove = async () => {
      cluster.state.candidate = down;
      throw notRouted;
    };
    const target = kubernetesTarget({ platform: { ...platform, prove }, ledger: cluster.ledger });
    await expect(target.split(25)).rejects.toMatchObject({
      code: "not-ready",
      message: `The candidate b was ready and is not any more: ${down.why} — ${notRouted.message}`,
    });
    await expect(target.split(50)).rejects.toMatchObject({
      message: `The candidate b was ready and is not any more: ${down.why}`,
    });
  });

  it("says that it is a matter of routes where the candidate is up", async () => {
    withCandidate(b);
    fails("prove 25", notRouted);
    await expect(cluster.target().split(25)).rejects.toBe(notRouted);
  });
});

describe("promote", () => {
  const all = [
    "capacity 100",
    "route 100",
    "prove 100",
    "commit b",
    "adopt",
    "route 0",
    "prove 0",
    "cleanUp",
  ];

  it("gives capacity before traffic, proves, commits, and only then touches stable", async () => {
    withCandidate(b, 50);
    await cluster.target().promote();
    expect(cluster.acts).toEqual(all);
    expect((await cluster.target().read()).stable?.digest).toBe(b.digest);
  });

  it.each(all.slice(0, 4))("stopped before %s is taken back by restore", async (act) => {
    withCandidate(b, 50);
    fails(act);
    await expect(cluster.target().promote()).rejects.toThrow(act);
    expect((await cluster.target().read()).stable?.digest).toBe(a.digest);
    cluster.stopBefore = null;
    await cluster.target().restore();
    const situation = await cluster.target().read();
    expect([situation.stable?.digest, situation.candidate, situation.candidatePercent]).toEqual([
      a.digest,
      null,
      0,
    ]);
    expect(cluster.acts).not.toContain("adopt");
  });

  it.each(all.slice(4))(
    "stopped before %s is stable for all who ask, and carried to its end by whoever comes",
    async (act) => {
      for (const next of [
        (target: Target) => target.restore(),
        (target: Target) => target.promote(),
        (target: Target) => target.prepare(x),
      ]) {
        cluster = new Cluster();
        cluster.state.stable = side(a);
        withCandidate(b, 50);
        fails(act);
        await expect(cluster.target().promote()).rejects.toThrow(act);
        expect(await cluster.target().read()).toMatchObject({
          stable: b,
          candidate: null,
          candidatePercent: 0,
        });
        cluster.stopBefore = null;
        await next(cluster.target());
        expect(cluster.state.stable?.release.digest).toBe(b.digest);
        expect(cluster.state.candidate?.release.digest ?? null).not.toBe(b.digest);
        expect(cluster.state.candidatePercent).toBe(0);
      }
    },
  );

  it("twice is once; without a candidate it is refused", async () => {
    withCandidate(b);
    await cluster.target().promote();
    await cluster.target().promote();
    expect(cluster.acts.filter((act) => act === "adopt")).toHaveLength(1);
    cluster.rollout = "2";
    await expect(cluster.target().promote()).rejects.toMatchObject({ code: "no-candidate" });
  });

  it("ends a mirror first", async () => {
    withCandidate(b, 0, 30);
    await cluster.target().promote();
    expect(cluster.acts[0]).toBe("mirror 0");
  });
});

describe("restore", () => {
  it("gives stable its capacity before its traffic, and proves that before the candidate goes", async () => {
    withCandidate(b, 50, 20);
    await cluster.target().restore();
    expect(cluster.acts).toEqual(["mirror 0", "capacity 0", "route 0", "prove 0", "cleanUp"]);
  });

  it("leaves the candidate where it cannot be seen to have lost its traffic", async () => {
    withCandidate(b, 50);
    fails("prove 0", new RolloutError("not-routed", "still there", ""));
    await expect(cluster.target().restore()).rejects.toMatchObject({ code: "not-routed" });
    expect(cluster.acts).not.toContain("cleanUp");
  });

  it("does not wait for a stable that cannot be made whole", async () => {
    withCandidate(b, 50);
    fails("capacity 0", new RolloutError("not-ready", "stable has 1 of 2 pods", ""));
    await cluster.target().restore();
    expect(cluster.acts).toEqual(["route 0", "prove 0", "cleanUp"]);
    expect(cluster.troubles).toEqual([expect.stringContaining("1 of 2 pods")]);
  });

  it("without a candidate only clears what may be left", async () => {
    await cluster.target().restore();
    expect(cluster.acts).toEqual(["cleanUp"]);
  });
});

describe("prepare", () => {
  it("of a release that was stable before others deployed another is no promotion of it", async () => {
    cluster.state.stable = side(x);
    await cluster.target().prepare(a);
    expect(cluster.acts).toEqual(["commit x", "prepare a"]);
    expect(await cluster.target().read()).toMatchObject({ stable: x, candidate: a });
    await cluster.target().restore();
    expect(cluster.acts).not.toContain("adopt");
  });

  it("that is not ready leaves nothing behind", async () => {
    fails("prepare b", new RolloutError("not-ready", "crashes", ""));
    await expect(cluster.target().prepare(b)).rejects.toMatchObject({ code: "not-ready" });
    expect(cluster.acts).toEqual(["cleanUp"]);
  });

  it("refuses what is stable, and another than the one with traffic", async () => {
    await expect(cluster.target().prepare(a)).rejects.toMatchObject({ code: "already-stable" });
    withCandidate(b, 10);
    await expect(cluster.target().prepare(x)).rejects.toMatchObject({ code: "conflict" });
    expect(cluster.acts).toEqual([]);
  });
});
