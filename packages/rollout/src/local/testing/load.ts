/** Callers that keep asking, for tests: how each request ended, and who answered it. */
import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";

/** Where requests go in. */
export interface Entrance {
  url: string;
  /** In place of the address's own name. */
  host?: string;
  /** false: a connection of its own for every request, where it is connections that are shared out. */
  keepAlive: boolean;
  /** Requests carry an id of their own, where nobody on the way gives them one. */
  ids?: boolean;
}

export interface Load {
  answered: number;
  /** One line for each request that was not answered with 200. */
  failures: string[];
  /** Answers by the release that the proxy named. */
  by: Map<string, number>;
  /** Ends the load; resolves when the last answer is in. */
  stop(): Promise<void>;
}

export interface Reply {
  status: number;
  release: string;
  text: string;
}

export function ask({ url, host, ids }: Entrance, agent: Agent, body = "{}"): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      ...(host !== undefined && { host }),
      ...(ids === true && { "x-request-id": randomUUID() }),
    };
    const outgoing = request(`${url}/predict`, { method: "POST", headers, agent }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("error", reject);
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, release: String(answer.headers["x-ml-release"]), text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Asks `count` times, `concurrency` at once. */
export async function askMany(to: string | Entrance, count: number, concurrency = 8): Promise<Load> {
  let left = count;
  return run(to, concurrency, () => left-- > 0).done;
}

/** `concurrency` callers, each asking again as soon as it was answered. */
export function startLoad(to: string | Entrance, concurrency = 8): Load {
  let running = true;
  const { load, done } = run(to, concurrency, () => running);
  load.stop = async () => {
    running = false;
    await done;
  };
  return load;
}

function run(
  to: string | Entrance,
  concurrency: number,
  more: () => boolean,
): { load: Load; done: Promise<Load> } {
  const entrance = typeof to === "string" ? { url: to, keepAlive: true } : to;
  const agent = new Agent({ keepAlive: entrance.keepAlive });
  const load: Load = { answered: 0, failures: [], by: new Map(), stop: async () => {} };
  const caller = async () => {
    while (more()) {
      try {
        const { status, release, text } = await ask(entrance, agent);
        if (status === 200) load.answered += 1;
        else load.failures.push(`${status} by ${release}: ${text.slice(0, 200)}`);
        load.by.set(release, (load.by.get(release) ?? 0) + 1);
      } catch (error) {
        load.failures.push(String(error));
      }
    }
  };
  const done = Promise.all(Array.from({ length: concurrency }, caller)).then(() => {
    agent.destroy();
    return load;
  });
  return { load, done };
}
