/** All objects of a kind, page by page. */
import { ClusterError } from "./error.ts";
import { record } from "./failures.ts";
import { pathOf } from "./kinds.ts";
import type { Requests } from "./requests.ts";
import type { KubeObject, ObjectRef } from "./types.ts";

const pageSize = 500;
/** A list whose pages grow old faster than they are read, again and again. */
const maxRestarts = 3;

/** Rejects with `ClusterError`, `no-kind` when the cluster does not know the kind. */
export async function listAll(
  requests: Requests,
  of: Omit<ObjectRef, "name">,
  { labelSelector, fieldSelector }: { labelSelector?: string; fieldSelector?: string },
): Promise<KubeObject[]> {
  const base = new URLSearchParams({ limit: String(pageSize) });
  if (labelSelector !== undefined) base.set("labelSelector", labelSelector);
  if (fieldSelector !== undefined) base.set("fieldSelector", fieldSelector);
  const path = pathOf(of, requests.connection.namespace);
  let objects: KubeObject[] = [];
  let token = "";
  for (let restarts = 0; ; ) {
    const query = new URLSearchParams(base);
    if (token !== "") query.set("continue", token);
    try {
      const page = record(
        await requests.json({ method: "GET", path: `${path}?${query}`, asked: { verb: "list", ref: of } }),
      );
      const items: unknown[] = Array.isArray(page.items) ? page.items : [];
      // Items of a list do not say again what they are.
      objects.push(
        ...items.map((item) => ({ apiVersion: of.apiVersion, kind: of.kind, ...record(item) }) as KubeObject),
      );
      const next = record(page.metadata).continue;
      if (typeof next !== "string" || next === "") return objects;
      token = next;
    } catch (error) {
      // 410: the pages are of a state that is no longer kept.
      const old = error instanceof ClusterError && error.status === 410 && token !== "";
      if (!old || restarts++ === maxRestarts) throw error;
      objects = [];
      token = "";
    }
  }
}
