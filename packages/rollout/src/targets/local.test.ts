/** What is the target local's own: processes that die or hang, and two who start at once. */
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test as baseTest, expect } from "vitest";
import { attach } from "../local/start.ts";
import { createLab, isAlive, type Lab } from "../local/testing/lab.ts";
import { askMany } from "../local/testing/load.ts";
import { begin, childrenOf, deploy, until } from "../local/testing/moves.ts";
import type { Release } from "../target.ts";

const test = baseTest.extend<{ lab: Lab; a: Release; b: Release }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern that nothing is needed
  lab: async ({}, use) => {
    const lab = await createLab();
    await use(lab);
    await lab.close();
  },
  a: async ({ lab }, use) => use(await lab.release({ name: "a" })),
  b: async ({ lab }, use) => use(await lab.release({ name: "b" })),
});

test.concurrent("of many starters at once one supervisor comes up, and all attach to it", async ({ lab }) => {
  const places = await Promise.all(Array.from({ length: 5 }, () => lab.open()));
  const urls = await Promise.all(places.map(async ({ target }) => (await target.read()).url));
  expect(new Set(urls).size).toBe(1);
});

test.concurrent("the supervisor outlives the process that started it, even one that is killed", async ({
  lab,
}) => {
  const script = join(lab.directory, "starter.ts");
  const entry = join(import.meta.dirname, "index.ts");
  const text = `import { openTarget } from ${JSON.stringify(entry)};
    const { target } = await openTarget("local", ${JSON.stringify(lab.options)});
    console.log((await target.read()).url);
    setInterval(() => {}, 1000);`;
  await writeFile(script, text);
  const starter = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<string>((resolve) =>
    starter.stdout.on("data", (chunk) => resolve(String(chunk).trim())),
  );
  starter.kill("SIGKILL");
  await sleep(100);
  expect((await fetch(url)).status).toBe(503);
  expect((await (await lab.open()).target.read()).url).toBe(url);
});

test.concurrent("a starter that is killed in the middle leaves a supervisor to attach to, or none", async ({
  lab,
}) => {
  const script = join(lab.directory, "starter.ts");
  const entry = join(import.meta.dirname, "index.ts");
  await writeFile(
    script,
    `import { openTarget } from ${JSON.stringify(entry)};
    await openTarget("local", ${JSON.stringify(lab.options)});`,
  );
  for (const ms of [60, 120, 180]) {
    const starter = spawn(process.execPath, [script], { stdio: "ignore" });
    await sleep(ms);
    starter.kill("SIGKILL");
    const place = await lab.open();
    await place.target.read();
    await place.shutDown();
  }
});

test.concurrent("when the supervisor is killed, its releases end; the next start brings stable back and closes the rollout", async ({
  lab,
  a,
  b,
}) => {
  const place = await lab.open();
  const url = await deploy(place, "1", a);
  await begin(place, "2", b);
  await place.target.split(50);
  const supervisor = await lab.supervisorPid();
  const children = await childrenOf(supervisor);
  expect(children).toHaveLength(2);
  process.kill(supervisor, "SIGKILL");
  await until(() => !children.some(isAlive));
  await expect(place.target.read()).rejects.toMatchObject({ code: "unreachable" });
  expect(await place.telemetry.observe(a.digest, b.digest)).toMatchObject({ ok: false, problem: "outage" });

  const again = await lab.open({ port: Number(new URL(url).port) });
  const { stable, candidate, ready } = await again.target.read();
  expect([stable?.digest, candidate, ready.stable]).toEqual([a.digest, null, true]);
  expect((await askMany(url, 20)).by).toEqual(new Map([[a.digest, 20]]));
  const steps = (await again.ledger.journal()).map(({ step }) => step);
  expect(steps.slice(-2)).toMatchObject([
    { name: "restore", by: "guard" },
    { name: "end", stage: "restored" },
  ]);
  expect(await again.ledger.lease()).toBeNull();
  await begin(again, "3", b);
});

test.concurrent("a supervisor killed at any moment of a promotion comes back with the one or the other, whole", async ({
  lab,
  a,
  b,
}) => {
  let place = await lab.open();
  await deploy(place, "1", a);
  for (const [index, waitMs] of [0, 1, 2, 4, 8].entries()) {
    const { stable } = await place.target.read();
    const next = stable?.digest === a.digest ? b : a;
    await begin(place, `k${index}`, next);
    const promoting = place.target.promote().then(
      () => true,
      () => false,
    );
    await sleep(waitMs);
    process.kill(await lab.supervisorPid(), "SIGKILL");
    const promised = await promoting;
    place = await lab.open();
    const after = await place.target.read();
    expect(after.candidate).toBeNull();
    expect([a.digest, b.digest]).toContain(after.stable?.digest);
    if (promised) expect(after.stable?.digest).toBe(next.digest);
    const promoted = (await place.ledger.history())[0]?.rollout === `k${index}`;
    expect(promoted).toBe(after.stable?.digest === next.digest);
    expect((await place.ledger.journal()).at(-1)?.step).toMatchObject({
      name: "end",
      stage: promoted ? "promoted" : "restored",
    });
  }
});

test.concurrent("a stable that is killed comes back by itself", async ({ lab, a }) => {
  const place = await lab.open();
  const url = await deploy(place, "1", a);
  for (const pid of await childrenOf(await lab.supervisorPid())) process.kill(pid, "SIGKILL");
  await until(async () => (await askMany(url, 1)).answered === 1);
  expect((await askMany(url, 20)).failures).toEqual([]);
});

test.concurrent("a release that ignores SIGTERM is killed", async ({ lab, a }) => {
  const place = await lab.open();
  await deploy(place, "1", a);
  await begin(place, "2", await lab.release({ name: "stubborn", ignoreSigterm: true }));
  const children = await childrenOf(await lab.supervisorPid());
  await place.target.restore();
  await until(() => children.filter(isAlive).length === 1, 14_000);
}, 20_000);

test.concurrent("requests that are under way when stable is restored are answered by the candidate, and counted", async ({
  lab,
  a,
}) => {
  const place = await lab.open();
  const url = await deploy(place, "1", a);
  const slow = await lab.release({ name: "slow", delayMs: 600 });
  await begin(place, "2", slow);
  await place.target.split(100);
  const under = askMany(url, 8);
  await sleep(150);
  await place.target.restore();
  const seen = await place.telemetry.observe(a.digest, slow.digest);
  expect(seen).toMatchObject({ ok: true, candidate: { requests: 8, errors: 0 } });
  const { failures, by } = await under;
  expect([failures, by]).toEqual([[], new Map([[slow.digest, 8]])]);
});

test.concurrent("a replaced release is not stopped while a request is in it, whatever its server does at SIGTERM", async ({
  lab,
  b,
}) => {
  const place = await lab.open();
  const url = await deploy(
    place,
    "1",
    await lab.release({ name: "rude", delayMs: 600, exitAtSigterm: true }),
  );
  await begin(place, "2", b);
  const under = askMany(url, 8);
  await sleep(150);
  await place.target.promote();
  expect((await under).failures).toEqual([]);
  expect((await askMany(url, 8)).by).toEqual(new Map([[b.digest, 8]]));
  const pid = await lab.supervisorPid();
  await until(async () => (await childrenOf(pid)).length === 1);
});

test.concurrent("a supervisor that hangs is said to hang", async ({ lab }) => {
  await lab.open();
  const pid = await lab.supervisorPid();
  process.kill(pid, "SIGSTOP");
  const settings = { ...lab.options, logDirectory: "", host: "", serverProgram: "", inferenceProgram: "" };
  await expect(attach(settings, 500)).rejects.toMatchObject({
    code: "unreachable",
    remedy: expect.stringContaining(`kill -9 ${pid}`),
  });
  process.kill(pid, "SIGCONT");
});

test.concurrent("locks that dead supervisors left behind are recognised", async ({ lab }) => {
  await mkdir(lab.stateDirectory, { recursive: true });
  const lock = join(lab.stateDirectory, "supervisor.lock");
  // Dead; somebody else's pid that listens nowhere; not a lock at all.
  for (const text of [
    '{"pid":4194000,"socket":"/x","token":"t"}',
    `{"pid":1,"socket":"/x","token":"t"}`,
    "{",
  ]) {
    await writeFile(lock, text);
    const places = await Promise.all([lab.open(), lab.open()]);
    const pids = await Promise.all(places.map(() => lab.supervisorPid()));
    expect(new Set(pids).size).toBe(1);
    await places[0]?.shutDown();
  }
}, 20_000);

test.concurrent("shutting down answers what is under way", async ({ lab }) => {
  const place = await lab.open();
  const url = await deploy(place, "1", await lab.release({ name: "slow", delayMs: 300 }));
  const under = askMany(url, 8);
  await sleep(100);
  await place.shutDown();
  expect((await under).failures).toEqual([]);
  await expect(fetch(url)).rejects.toThrow();
});
