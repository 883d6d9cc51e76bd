/** What speaking to a cluster's API comes down to. Shapes only, so that the guard's bundle, which must fit into a
 * ConfigMap, can have its own way in. */

/** An object by its full name. */
export interface ObjectRef {
  /** `apps/v1`, `v1`. */
  apiVersion: string;
  kind: string;
  /** Left out for what belongs to no namespace. */
  namespace?: string;
  name: string;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  managedFields?: ManagedFields[];
}

export interface ManagedFields {
  manager: string;
  operation: "Apply" | "Update";
  apiVersion?: string;
  time?: string;
  fieldsType?: "FieldsV1";
  fieldsV1?: unknown;
  subresource?: string;
}

/** An object as the API has it; `spec` and `status` are narrowed once, by who reads them. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

/** How the API is reached and who we are there. */
export interface Connection {
  /** `https://host:port`, with a path where there is one. */
  server: string;
  /** Where no namespace is named. */
  namespace: string;
  /** For people: a kubeconfig's context, or `in-cluster`. */
  name: string;
  /** Asked before every request, since tokens are renewed. `renew`: the last ones were refused (401).
   * Rejects with `ClusterError` code `credentials`. */
  credentials(options?: { renew?: boolean }): Promise<Credentials>;
}

export interface Credentials {
  headers: Record<string, string>;
  ca?: string;
  cert?: string;
  key?: string;
  servername?: string;
  insecure?: boolean;
  /** A proxy between us and the API server. */
  proxy?: string;
}

export interface ApplyOptions {
  /** Take the fields over from whoever owns them. Only for fields that are ours by contract. */
  force?: boolean;
  /** As `metadata.resourceVersion` of what is applied: rejects with `conflict` when the object has changed since. */
  resourceVersion?: string;
}

/** Every call is tried again with patience while the server is away, throttles, or answers 5xx; `ClusterError` says
 * what was asked, what came back, and what to do. */
export interface Api {
  readonly connection: Connection;
  /** The same way to the same server, on which calls about single objects are tried again for no longer than this, in
   * milliseconds: for what is of no use to anybody later. */
  within(patienceMs: number): Api;
  /** null: there is none. */
  get(ref: ObjectRef, options?: Age): Promise<KubeObject | null>;
  list(
    of: Omit<ObjectRef, "name">,
    options?: { labelSelector?: string; fieldSelector?: string } & Age,
  ): Promise<KubeObject[]>;
  /** Rejects with `exists` when there is one. */
  create(object: KubeObject): Promise<KubeObject>;
  /** Server-side apply by our field manager: exactly the fields given, no others. */
  apply(object: KubeObject, options?: ApplyOptions): Promise<KubeObject>;
  /** Replaces it; with `metadata.resourceVersion` rejects with `conflict` when it has changed since. */
  replace(object: KubeObject): Promise<KubeObject>;
  /** JSON merge patch: null removes. With `metadata.resourceVersion` in it rejects with `conflict` when the object has
   * changed since. */
  merge(ref: ObjectRef, patch: unknown, subresource?: "scale" | "status"): Promise<KubeObject>;
  /** Resolves also when there is none. `uid`: only that very one. Waits for nothing. */
  remove(
    ref: ObjectRef,
    options?: { uid?: string; propagation?: "Background" | "Foreground" | "Orphan"; graceSeconds?: number },
  ): Promise<void>;
  /** An HTTP request to a pod or a service through the API server's proxy; one try, no patience. */
  proxy(to: ProxyTarget): Promise<ProxyAnswer>;
  /** The lines of a pod's log, without their ends; they begin with RFC 3339 time when `timestamps`. */
  podLog(pod: {
    namespace: string;
    name: string;
    container?: string;
    /** Lines since then, from the second's beginning: ms since 1970 by the server's clock. */
    sinceMs?: number;
    timestamps?: boolean;
    /** Of the container's process before its last restart. Rejects with `invalid` where there was none. */
    previous?: boolean;
    limitBytes?: number;
  }): AsyncIterable<string>;
  /** Rights that we lack, of those asked for (SelfSubjectAccessReview), in the reader's words. */
  lacking(rights: readonly Right[]): Promise<Right[]>;
  /** The server's time in ms since 1970: leases are written and read by this one clock, whatever the runners' say. */
  now(): number;
  /** Requests sent so far, repeated tries included. */
  readonly calls: number;
  /** Ends its connections, of all that `within` gave too. */
  close(): void;
}

/** How old an answer may be. Only for what no write is decided on; objects that several got are nobody's to change. */
export interface Age {
  /** An answer that anybody asked for on this connection no longer ago will do, in milliseconds; 0: it is asked anew, and
   * others may have it. What this connection writes to objects of a kind makes all answers about that kind too old. Left
   * out: asked anew, for nobody else. */
  maxAgeMs?: number;
}

export interface ProxyTarget {
  kind: "pods" | "services";
  namespace: string;
  name: string;
  port: number | string;
  scheme?: "http" | "https";
  /** With its query, beginning with `/`. */
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs?: number;
  /** Answers above this are an error. */
  maxBytes?: number;
}
export interface ProxyAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** One line of a Role. */
export interface Right {
  group: string;
  resource: string;
  subresource?: string;
  verbs: readonly string[];
  namespace?: string;
  /** Left out: any name. */
  name?: string;
  /** What it is for, as the generated Role says it. */
  why: string;
}

export const fieldManager = "ml-actions";
