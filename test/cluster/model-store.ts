/**
 * What stands in for a bucket and for KServe's storage initializer, run as pods: with `SERVE` it serves the files of that
 * directory, else it loads what is below an address such as `s3://bucket/flights/2/` into a directory, as KServe calls
 * whoever loads models: the store of a bucket is the Service `models` of the namespace with that name. It needs nothing
 * but Node.
 */

import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const directory = process.env.SERVE;
if (directory !== undefined) {
  createServer(async (request, response) => {
    // A ConfigMap knows no folders.
    const name = basename((request.url ?? "").slice(1).replaceAll("/", "."));
    const content = await readFile(join(directory, name)).catch(() => null);
    response.writeHead(content === null ? 404 : 200).end(content);
  }).listen(8080);
} else {
  const [uri = "", to = ""] = process.argv.slice(2);
  const { host, pathname } = new URL(uri.replace(/^s3:/, "http:"));
  const path = `${pathname.replace(/\/?$/, "/")}model.json`;
  for (let left = 30; ; left -= 1) {
    const answer = await fetch(`http://models.${host}.svc.cluster.local${path}`).catch(() => null);
    if (answer?.ok) {
      await writeFile(join(to, "model.json"), await answer.text());
      break;
    }
    if (left === 0) throw new Error(`nothing at ${uri}: ${answer?.status ?? "no answer"}`);
    await sleep(1_000);
  }
}
