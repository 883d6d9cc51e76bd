import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { Cooldown, type CooldownOptions } from "./cooldown.ts";

const hourMs = 3_600_000;
const start = Date.UTC(2026, 10, 22, 3);

let path: string;
let warnings: string[];
let nowMs: number;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "ml-actions-cooldown-")), "state.json");
  warnings = [];
  nowMs = start;
});

const cooldown = (changes: Partial<CooldownOptions> = {}) =>
  new Cooldown({
    path,
    subject: "flights",
    cooldownMs: 24 * hourMs,
    by: `run ${nowMs}`,
    warn: (message) => void warnings.push(message),
    now: () => nowMs,
    ...changes,
  });
const acted = async (one: Cooldown, act: "slack" | "retrain" = "retrain") => {
  const claim = await one.claim(act);
  if (claim.granted) await one.confirm(act);
  return claim.granted;
};

describe("a cooldown", () => {
  it("holds from one run to the next, and then is over", async () => {
    expect(await acted(cooldown())).toBe(true);
    nowMs += 23 * hourMs;
    expect(await cooldown().claim("retrain")).toEqual({
      granted: false,
      until: start + 24 * hourMs,
      by: `run ${start}`,
    });
    nowMs += hourMs;
    expect(await acted(cooldown())).toBe(true);
    expect(warnings).toEqual([]);
  });

  it("is that of one act and one subject", async () => {
    expect(await acted(cooldown())).toBe(true);
    expect(await acted(cooldown(), "slack")).toBe(true);
    expect(await acted(cooldown({ subject: "other" }))).toBe(true);
    expect(await acted(cooldown({ subject: "__proto__" }))).toBe(true);
    expect(await acted(cooldown())).toBe(false);
  });

  it("of no time is none", async () => {
    const none = { cooldownMs: 0 };
    expect(await acted(cooldown(none))).toBe(true);
    expect(await acted(cooldown(none))).toBe(true);
  });

  it("does not begin with what could not be done", async () => {
    const first = cooldown();
    await first.claim("slack");
    await first.giveUp("slack");
    nowMs += 1;
    expect(await acted(cooldown(), "slack")).toBe(true);
  });

  it("holds for ten minutes after a run that was killed in between", async () => {
    await cooldown().claim("retrain");
    nowMs += 9 * 60_000;
    expect((await cooldown().claim("retrain")).granted).toBe(false);
    nowMs += 60_000;
    expect((await cooldown().claim("retrain")).granted).toBe(true);
  });

  it("lets one of many at once", async () => {
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, i) => cooldown({ by: `run ${i}` }).claim("retrain")),
    );
    expect(claims.filter(({ granted }) => granted)).toHaveLength(1);
    expect(readdirSync(join(path, ".."))).toEqual(["state.json"]);
  });
});

describe("a state that tells nothing", () => {
  const damaged: [string, string][] = [
    ["empty", ""],
    ["cut", '{"schema": "ml-actions/drift-state/v1", "acts": [{"act"'],
    ["of another schema", '{"schema": "ml-actions/drift-state/v9", "acts": []}'],
    ["with an act that there is not", '{"schema": "ml-actions/drift-state/v1", "acts": [{"act": "page"}]}'],
    ["an array", "[]"],
    ["binary", "\u0000\u0001\uffff"],
  ];
  it.for(damaged)("is named, acted on, and written anew: %s", async ([, text]) => {
    writeFileSync(path, text);
    expect(await acted(cooldown())).toBe(true);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/damaged or none of ours/);
    nowMs += 1;
    expect(await acted(cooldown())).toBe(false);
    expect(warnings).toHaveLength(1);
  });

  it("from the future is not counted", async () => {
    await acted(cooldown());
    nowMs -= hourMs;
    expect(await acted(cooldown())).toBe(true);
    expect(warnings[0]).toMatch(/future/);
    nowMs += 1;
    expect(await acted(cooldown())).toBe(false);
  });
});

describe("the file", () => {
  it("is made with its folder", async () => {
    path = join(path, "..", ".ml-actions", "deep", "drift-state.json");
    await cooldown().prepare();
    expect(await acted(cooldown())).toBe(true);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      schema: "ml-actions/drift-state/v1",
      acts: [
        {
          act: "retrain",
          subject: "flights",
          at: "2026-11-22T03:00:00.000Z",
          done: true,
          by: `run ${start}`,
        },
      ],
    });
  });

  it("where there can be none is refused before the day of need", async () => {
    writeFileSync(path, "");
    const below = cooldown({ path: join(path, "state.json") });
    await expect(below.prepare()).rejects.toThrow(/`state`: .* cannot be written/);
    chmodSync(path, 0o600);
  });

  it("is not kept from anyone by the lock of a run that was killed", async () => {
    writeFileSync(`${path}.lock`, "a dead one's");
    utimesSync(`${path}.lock`, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    expect(await acted(cooldown())).toBe(true);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
