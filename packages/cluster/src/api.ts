/** The API of a cluster: objects as raw JSON, so that no field of a version that we do not know is dropped. */
import { lacking } from "./access.ts";
import { ServerClock } from "./clock.ts";
import { ClusterError } from "./error.ts";
import { record } from "./failures.ts";
import { pathOf } from "./kinds.ts";
import { listAll } from "./list.ts";
import { podLog } from "./pod-log.ts";
import { proxied } from "./pod-proxy.ts";
import { type Question, Requests } from "./requests.ts";
import { isDone } from "./settled.ts";
import {
  type Age,
  type Api,
  type ApplyOptions,
  type Connection,
  fieldManager,
  type KubeObject,
  type ObjectRef,
} from "./types.ts";

export interface ApiOptions {
  /** How long a call is tried again; 30 s unless told. */
  patienceMs?: number;
  /** For the API server's audit log; `ml-actions` unless told. */
  userAgent?: string;
  clock?: ServerClock;
  /** Ends every call and every wait; they reject with its reason. */
  signal?: AbortSignal;
}

/** Opens nothing yet: the first call does. Throws `ClusterError` code `kubeconfig` when the server's address is none. */
export function openApi(connection: Connection, options: ApiOptions = {}): Api {
  const { patienceMs = 30_000, userAgent = fieldManager, clock = new ServerClock(), signal } = options;
  const requests = new Requests(connection, { patienceMs, userAgent, clock, signal });
  return apiOf(connection, requests);
}

function apiOf(connection: Connection, requests: Requests, patienceMs?: number): Api {
  const objects = new Objects(requests, patienceMs);
  return {
    connection,
    within: (ms) => apiOf(connection, requests, ms),
    get: (ref, age = {}) => objects.get(ref, age),
    list: (of, selectors = {}) => objects.list(of, selectors),
    create: (object) => objects.create(object),
    apply: (object, how = {}) => objects.apply(object, how),
    replace: (object) => objects.replace(object),
    merge: (ref, patch, subresource) => objects.merge(ref, patch, subresource),
    remove: (ref, how = {}) => objects.remove(ref, how),
    proxy: (to) => proxied(requests, to),
    podLog: (pod) => podLog(requests, pod),
    lacking: (rights) => lacking(requests, rights),
    now: () => requests.clock.now(),
    get calls() {
      return requests.calls;
    },
    close: () => requests.close(),
  };
}

/** A field that the API does not know would be dropped without a word; with this it is an error. */
const strict = `fieldManager=${fieldManager}&fieldValidation=Strict`;

class Objects {
  readonly #requests: Requests;
  readonly #patienceMs: number | undefined;

  constructor(requests: Requests, patienceMs?: number) {
    this.#requests = requests;
    this.#patienceMs = patienceMs;
  }

  #ask(question: Question): Promise<unknown> {
    return this.#requests.json({ ...question, patienceMs: this.#patienceMs });
  }

  async get(ref: ObjectRef, { maxAgeMs }: Age): Promise<KubeObject | null> {
    const path = this.#path(ref);
    const ask = () => this.#orMissing(this.#ask({ method: "GET", path, asked: { verb: "get", ref } }));
    return asObject(await (maxAgeMs === undefined ? ask() : this.#requests.recent.ask(path, maxAgeMs, ask)));
  }

  async list(
    of: Omit<ObjectRef, "name">,
    { maxAgeMs, ...selectors }: { labelSelector?: string; fieldSelector?: string } & Age,
  ): Promise<KubeObject[]> {
    const ask = () => listAll(this.#requests, of, selectors);
    if (maxAgeMs === undefined) return ask();
    const path = `${pathOf(of, this.#requests.connection.namespace)}?${JSON.stringify(selectors)}`;
    return [...(await this.#requests.recent.ask(path, maxAgeMs, ask))];
  }

  async create(object: KubeObject): Promise<KubeObject> {
    const { ref, place } = refsOf(object);
    const path = `${this.#path(place)}?${strict}`;
    return this.#write({ method: "POST", path, asked: { verb: "create", ref }, body: object }, ref, (found) =>
      isDone(object, found),
    );
  }

  async apply(object: KubeObject, { force = false, resourceVersion }: ApplyOptions): Promise<KubeObject> {
    const { ref } = refsOf(object);
    // What was read says who manages it; what is applied must not.
    const { managedFields: _, ...metadata } = object.metadata;
    const body = {
      ...object,
      metadata: resourceVersion === undefined ? metadata : { ...metadata, resourceVersion },
    };
    const question: Question = {
      method: "PATCH",
      path: `${this.#path(ref)}?${strict}&force=${force}`,
      asked: { verb: "patch", ref },
      contentType: "application/apply-patch+yaml",
      body,
    };
    return this.#write(question, ref, (found) => resourceVersion !== undefined && isDone(object, found));
  }

  async replace(object: KubeObject): Promise<KubeObject> {
    const { ref } = refsOf(object);
    const path = `${this.#path(ref)}?fieldManager=${fieldManager}`;
    return this.#write({ method: "PUT", path, asked: { verb: "update", ref }, body: object }, ref, (found) =>
      isDone(object, found, { whole: true }),
    );
  }

  async merge(ref: ObjectRef, patch: unknown, subresource?: "scale" | "status"): Promise<KubeObject> {
    const question: Question = {
      method: "PATCH",
      path: `${this.#path(ref, subresource)}?${strict}`,
      asked: { verb: "patch", ref, subresource },
      contentType: "application/merge-patch+json",
      body: patch,
    };
    const guarded = record(record(patch).metadata).resourceVersion !== undefined;
    return this.#write(
      question,
      ref,
      (found) => guarded && subresource === undefined && isDone(patch, found),
    );
  }

  async remove(
    ref: ObjectRef,
    how: { uid?: string; propagation?: "Background" | "Foreground" | "Orphan"; graceSeconds?: number },
  ): Promise<void> {
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: how.propagation ?? "Background",
      ...(how.uid === undefined ? {} : { preconditions: { uid: how.uid } }),
      ...(how.graceSeconds === undefined ? {} : { gracePeriodSeconds: how.graceSeconds }),
    };
    try {
      await this.#orMissing(
        this.#change(ref, {
          method: "DELETE",
          path: this.#path(ref),
          asked: { verb: "delete", ref },
          body,
        }),
      );
    } catch (error) {
      // Another object has the name by now: the one that was meant is gone.
      if (how.uid === undefined || !(error instanceof ClusterError) || error.code !== "conflict") throw error;
    }
  }

  /** `isOurs`: the object shows that an earlier try, whose answer was lost, was done. Without this a lost answer would
   * turn into `exists` or `conflict` with ourselves. */
  async #write(
    question: Question,
    ref: ObjectRef,
    isOurs: (found: KubeObject) => boolean,
  ): Promise<KubeObject> {
    let maybeDone = false;
    const onTry = (before: boolean) => {
      maybeDone = before;
    };
    try {
      return asSure(await this.#change(ref, { ...question, onTry }));
    } catch (error) {
      const clash = error instanceof ClusterError && (error.code === "exists" || error.code === "conflict");
      if (!clash || !maybeDone) throw error;
      const found = await this.get(ref, {});
      if (found === null || !isOurs(found)) throw error;
      return found;
    }
  }

  /** Whatever becomes of it: an answer from before is not taken for one from after. */
  async #change({ apiVersion, kind, namespace }: ObjectRef, question: Question): Promise<unknown> {
    try {
      return await this.#ask(question);
    } finally {
      const place = { apiVersion, kind, ...(namespace !== undefined && { namespace }) };
      this.#requests.recent.forget(this.#path(place));
    }
  }

  /** null for `not-found`. */
  async #orMissing(answer: Promise<unknown>): Promise<unknown> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof ClusterError && error.code === "not-found") return null;
      throw error;
    }
  }

  #path(ref: Omit<ObjectRef, "name"> & { name?: string }, subresource?: string): string {
    return pathOf(ref, this.#requests.connection.namespace, subresource);
  }
}

function refsOf(object: KubeObject): { ref: ObjectRef; place: Omit<ObjectRef, "name"> } {
  const { apiVersion, kind, metadata } = object;
  const place = {
    apiVersion,
    kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  };
  return { ref: { ...place, name: metadata.name }, place };
}

function asObject(value: unknown): KubeObject | null {
  return value === null ? null : asSure(value);
}

function asSure(value: unknown): KubeObject {
  const { apiVersion, kind, metadata } = record(value);
  if (
    typeof apiVersion === "string" &&
    typeof kind === "string" &&
    typeof record(metadata).name === "string"
  ) {
    return value as KubeObject;
  }
  throw new ClusterError("unreachable", "the API server answered with what is no object", {
    remedy: "Correct `server` in the kubeconfig, or the proxy before it.",
  });
}
