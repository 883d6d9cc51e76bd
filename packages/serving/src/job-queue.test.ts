import { describe, expect, it } from "vitest";
import { type Job, JobQueue, maxRequestsTogether, maxRowsTogether } from "./job-queue.ts";

const job = (rows = 1, alone = false): Job => ({
  rows,
  alone,
  ahead: false,
  tensors: [],
  crashes: 0,
  since: 0,
  resolve: () => {},
  reject: () => {},
});

function filled(...jobs: Job[]): JobQueue {
  const queue = new JobQueue();
  for (const one of jobs) queue.push(one);
  return queue;
}

describe("the queue", () => {
  it("lets requests travel together up to a number of requests and rows", () => {
    const queue = filled(...Array.from({ length: 100 }, () => job()));
    expect(queue.take()).toHaveLength(maxRequestsTogether);
    expect(queue.take()).toHaveLength(100 - maxRequestsTogether);
    expect(queue.take()).toEqual([]);
    const large = filled(job(maxRowsTogether), job(), job(maxRowsTogether - 1), job(maxRowsTogether * 3));
    expect([large.take(), large.take(), large.take()].map((taken) => taken.length)).toEqual([1, 2, 1]);
  });

  it("keeps who must be alone alone, in order", () => {
    const jobs = [job(), job(1, true), job(1, true), job(), job()];
    const queue = filled(...jobs);
    expect(queue.take()).toEqual([jobs[0]]);
    expect(queue.take()).toEqual([jobs[1]]);
    queue.putBack([jobs[1] as Job]);
    expect(queue.length).toBe(4);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([[jobs[1]], [jobs[2]], [jobs[3], jobs[4]]]);
  });

  it("gives up those that have waited too long, and keeps the order of the others", () => {
    const jobs = [5, 1, 7, 2].map((since) => ({ ...job(), since }));
    const queue = filled(...jobs);
    expect(queue.takeOlder(3)).toEqual([jobs[1], jobs[3]]);
    expect(queue.takeAll()).toEqual([jobs[0], jobs[2]]);
  });

  it("loses and repeats nothing, however it is used", () => {
    const queue = new JobQueue();
    const seen: Job[] = [];
    for (let round = 0; round < 100; round++) {
      for (let index = 0; index < 40; index++) queue.push(job(1 + ((index * round) % 7), index % 11 === 0));
      const taken = queue.take();
      if (round % 3 === 0) queue.putBack(taken);
      else seen.push(...taken);
    }
    seen.push(...queue.takeAll());
    expect(seen).toHaveLength(4000);
    expect(new Set(seen).size).toBe(4000);
    expect(queue.length).toBe(0);
  });
});
