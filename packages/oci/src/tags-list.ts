/** All tags of a repository. */
import { z } from "zod";
import { shown } from "./address.ts";
import type { Connection } from "./connection.ts";
import { OciError } from "./errors.ts";
import { nextPage } from "./links.ts";
import { collect } from "./manifests.ts";
import { withRetries } from "./retries.ts";

const pageTags = 1000;
const maxPages = 200;
const answerSchema = z.object({ tags: z.array(z.string()).nullable().optional() });

/** Page by page; empty for a repository that is not there yet, null when the registry does not list tags to these
 * credentials. */
export async function listTags(connection: Connection): Promise<string[] | null> {
  const tags: string[] = [];
  let next: URL | null = new URL(`tags/list?n=${pageTags}`, connection.base);
  for (let page = 0; next !== null; page++) {
    const url: URL = next;
    if (page === maxPages) throw endless(url);
    const answer = await withRetries(async () => {
      const response = await connection.exchange(url, { accept: [401, 403, 404, 405, 501] }, "pull");
      const bytes = await collect(response, url);
      return { status: response.status, bytes, link: response.headers.get("link") };
    });
    if (answer.status === 404) return /NAME_UNKNOWN/.test(Buffer.from(answer.bytes).toString()) ? tags : null;
    if (answer.status !== 200) return null;
    tags.push(...parsed(answer.bytes, url));
    next = nextPage(answer.link, url);
  }
  return tags;
}

function parsed(bytes: Uint8Array, url: URL): string[] {
  try {
    return answerSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8"))).tags ?? [];
  } catch (cause) {
    throw new OciError("status", `${shown(url)} is no list of tags`, {
      cause,
      remedy: "Check that the address is that of a registry.",
    });
  }
}

function endless(url: URL): OciError {
  return new OciError("too-large", `${shown(url)} lists more than ${pageTags * maxPages} tags`, {
    remedy: "Delete old tags of this repository.",
  });
}
