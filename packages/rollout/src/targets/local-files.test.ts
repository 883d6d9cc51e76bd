/** The target local's files, addresses and environment, sound and hostile. */
import { appendFile, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test as baseTest, expect } from "vitest";
import { createLab, isAlive, type Lab } from "../local/testing/lab.ts";
import { startLoad } from "../local/testing/load.ts";
import { begin, childrenOf, deploy, session, until } from "../local/testing/moves.ts";
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

test.concurrent("rollback works after the workspace is gone, and files of releases that never were stable go", async ({
  lab,
  a,
  b,
}) => {
  const place = await lab.open();
  const c = await lab.release({ name: "c" });
  await deploy(place, "1", a);
  await deploy(place, "2", b);
  for (const { model } of [a, b]) await Promise.all([rm(model.uri), rm(model.contract)]);
  const previous = (await place.ledger.history())[1]?.release as Release;
  expect(previous.model.uri).toContain(lab.stateDirectory);
  await deploy(place, "3", previous);
  expect((await place.target.read()).stable?.digest).toBe(a.digest);
  await deploy(place, "4", c);
  await begin(place, "5", await lab.release({ name: "d" }));
  expect((await readdir(join(lab.stateDirectory, "releases"))).length).toBe(4);
  await place.target.prepare(b);
  expect((await readdir(join(lab.stateDirectory, "releases"))).length).toBe(3);
});

test.concurrent("a model that is not the one that the release names is refused, and so is a missing file", async ({
  lab,
  a,
  b,
}) => {
  const place = await lab.open();
  await appendFile(a.model.uri, " ");
  await expect(place.target.prepare(a)).rejects.toMatchObject({
    code: "artifact",
    message: expect.stringMatching(/digest/),
  });
  await rm(b.model.contract);
  await expect(place.target.prepare(b)).rejects.toMatchObject({
    code: "artifact",
    message: expect.stringMatching(/contract/),
  });
  const folder = { ...b, model: { ...b.model, uri: lab.directory } };
  await expect(place.target.prepare(folder)).rejects.toMatchObject({ code: "artifact" });
  expect(await readdir(join(lab.stateDirectory, "releases"))).toEqual([]);
});

test.concurrent("hostile releases and journal entries are refused before anything happens", async ({
  lab,
  a,
}) => {
  const place = await lab.open();
  const digests = ["../../etc/passwd", "sha256:zz", `sha256:${"A".repeat(64)}`, "", "__proto__"];
  for (const digest of digests) {
    await expect(place.target.prepare({ ...a, digest })).rejects.toMatchObject({ code: "invalid" });
  }
  await expect(place.target.prepare({ ...a, label: "x\n::set-output name=a::b" })).rejects.toMatchObject({
    code: "invalid",
  });
  for (const holder of ["", "a\nb", "x".repeat(1_000)]) {
    await expect(place.ledger.hold({ holder, rollout: "1", ttlMs: 1_000 })).rejects.toMatchObject({
      code: "invalid",
    });
  }
  for (const ttlMs of [0, -1, Number.NaN, 1e12]) {
    await expect(place.ledger.hold({ ...session("1"), ttlMs })).rejects.toMatchObject({ code: "invalid" });
  }
});

test.concurrent("a port in use is named, with what to do", async ({ lab }) => {
  const other = createServer().listen(0, "127.0.0.1");
  await until(() => other.listening);
  const { port } = other.address() as AddressInfo;
  await expect(lab.open({ port })).rejects.toMatchObject({
    code: "port-in-use",
    message: expect.stringContaining(String(port)),
    remedy: expect.stringContaining("local-port"),
  });
  other.close();
  await lab.open();
});

test.concurrent("a living supervisor is not taken for another resource or port", async ({ lab, a }) => {
  const place = await lab.open();
  await expect(lab.open({ resource: "other" })).rejects.toMatchObject({ code: "conflict" });
  await expect(lab.open({ port: 1 })).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringMatching(/not on 1/),
  });
  await place.shutDown();
  await deploy(await lab.open(), "1", a);
  await (await lab.open()).shutDown();
  await expect(lab.open({ resource: "other" })).rejects.toMatchObject({ code: "conflict" });
});

test.concurrent("the state directory is closed to others, also when its path is too long for a socket", async ({
  lab,
  a,
}) => {
  const stateDirectory = join(lab.directory, "long".repeat(30));
  const place = await lab.open({ stateDirectory });
  expect((await stat(stateDirectory)).mode & 0o777).toBe(0o700);
  const { socket } = JSON.parse(await readFile(join(stateDirectory, "supervisor.lock"), "utf8"));
  expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(100);
  expect((await stat(join(socket, ".."))).mode & 0o777).toBe(0o700);
  await deploy(place, "1", a);
  await place.shutDown();
  await expect(stat(join(socket, ".."))).rejects.toThrow();
});

test.concurrent("a half-written journal line is cut off, a wrong state file is an error and not an empty target", async ({
  lab,
  a,
  b,
}) => {
  const place = await lab.open();
  await deploy(place, "1", a);
  await place.shutDown();
  await appendFile(join(lab.stateDirectory, "journal.jsonl"), '{"at":1,"rollout":"1","st');
  const again = await lab.open();
  expect((await again.ledger.journal()).at(-1)?.step.name).toBe("end");
  await begin(again, "2", b);
  await again.shutDown();
  const third = await lab.open();
  expect((await third.ledger.journal()).map(({ step }) => step.name)).toEqual(["begin", "restore", "end"]);
  await third.shutDown();
  await writeFile(join(lab.stateDirectory, "state.json"), "{}");
  await expect(lab.open()).rejects.toMatchObject({
    code: "invalid",
    message: expect.stringMatching(/state\.json/),
  });
});

test.concurrent("a supervisor whose state directory was removed ends itself", async ({ lab, a }) => {
  const place = await lab.open();
  await deploy(place, "1", a);
  const pid = await lab.supervisorPid();
  await rm(lab.stateDirectory, { recursive: true });
  await until(() => !isAlive(pid), 12_000);
}, 15_000);

test.concurrent("the release's process does not see the job's secrets", async ({ lab, a }) => {
  process.env.GITHUB_TOKEN = "secret";
  process.env.INPUT_TOKEN = "secret";
  const place = await lab.open();
  await deploy(place, "1", a);
  for (const pid of [await lab.supervisorPid(), ...(await childrenOf(await lab.supervisorPid()))]) {
    expect(await readFile(`/proc/${pid}/environ`, "utf8")).not.toContain("secret");
  }
  delete process.env.GITHUB_TOKEN;
  delete process.env.INPUT_TOKEN;
});

test.concurrent("a half-written prediction is left out until it is whole", async ({ lab, a }) => {
  const place = await lab.open();
  const url = await deploy(place, "1", a);
  const load = startLoad(url, 2);
  await sleep(200);
  await load.stop();
  const log = join(lab.stateDirectory, "predictions", `${a.digest.slice(7)}.jsonl`);
  await appendFile(log, '{"at": 1, "request_id": "to');
  const ids: string[] = [];
  for await (const { request_id } of place.predictions(a.digest)) ids.push(request_id);
  expect(ids).toHaveLength(load.answered);
});
