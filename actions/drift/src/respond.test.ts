import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { beforeEach, describe, expect, it } from "vitest";
import { Cooldown } from "./cooldown.ts";
import { type Doing, respond } from "./respond.ts";
import type { Act } from "./responses.ts";

let folder: string;
let warnings: string[];
let cancelled: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ml-actions-respond-"));
  warnings = [];
  cancelled = new AbortController();
});

const warn = (message: string) => void warnings.push(message);
const responding = (doings: Partial<Record<Act, Doing>>, by = "run 1", path = join(folder, "state.json")) =>
  respond(doings, {
    cooldown: new Cooldown({ path, subject: "flights", cooldownMs: 60_000, by, warn }),
    signal: cancelled.signal,
    warn,
  });
const refused = async () => {
  throw new UserError("it was refused", { remedy: "Ask again." });
};

describe("responses", () => {
  it("are given users first, people last, who hear what was done before", async () => {
    const heard: string[] = [];
    const { said } = await responding({
      pagerduty: async (done) => {
        heard.push(...done);
        return "paged";
      },
      retrain: async () => "retrained",
      degrade: async () => "degraded",
    });
    expect(said).toEqual(["degraded", "retrained", "paged"]);
    expect(heard).toEqual(["degraded", "retrained"]);
  });

  it("are all given, whichever fails, and what failed is tried the next time", async () => {
    const first = await responding({ degrade: refused, retrain: refused, slack: async () => "alerted" });
    expect(first.said).toEqual([
      "the degrading failed: it was refused",
      "the retraining failed: it was refused",
      "alerted",
    ]);
    expect(first.failures).toHaveLength(2);
    const second = await responding(
      { retrain: async () => "retrained", slack: async () => "alerted" },
      "run 2",
    );
    expect(second.said[0]).toBe("retrained");
    expect(second.said[1]).toMatch(/^no alert to Slack: cooldown until .* UTC, after that of run 1$/);
  });

  it("are given where the state cannot be kept, with a warning", async () => {
    const path = join(folder, "state.json");
    mkdirSync(path);
    writeFileSync(join(path, "file"), "");
    const { said, failures } = await responding({ slack: async () => "alerted" }, "run 1", path);
    expect(said).toEqual(["alerted"]);
    expect(failures).toEqual([]);
    expect(warnings.join()).toMatch(/could not be kept \(`state`\)/);
    rmSync(path, { recursive: true });
  });

  it("end when the run is cancelled, and none that was cut off counts", async () => {
    const cutOff = responding({
      slack: async () => {
        cancelled.abort(new DOMException("cancelled", "AbortError"));
        throw new Error("socket hang up");
      },
      pagerduty: async () => expect.unreachable(),
    });
    await expect(cutOff).rejects.toThrow("cancelled");
    cancelled = new AbortController();
    expect((await responding({ slack: async () => "alerted" }, "run 2")).said).toEqual(["alerted"]);
  });
});
