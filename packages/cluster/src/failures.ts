/** What an API server's refusal means, for the reader: its `Status` object, or the plain text of what stands before it. */
import { ClusterError, type ClusterErrorCode, plain } from "./error.ts";
import { factsOf, shownRef } from "./kinds.ts";
import type { ObjectRef } from "./types.ts";

/** `meta/v1` Status, as far as it is read. */
export interface Status {
  code: number;
  reason: string;
  message: string;
  /** Of the thing that is missing, refused …; empty where the server names none. */
  about: { name: string; kind: string };
  causes: { reason: string; message: string; field: string }[];
}

/** null: it is no Status. */
export function statusOf(text: string): Status | null {
  const body = record(parsed(text));
  if (body.kind !== "Status" || body.apiVersion !== "v1") return null;
  const details = record(body.details);
  const causes = Array.isArray(details.causes) ? details.causes.slice(0, 100).map(record) : [];
  return {
    code: typeof body.code === "number" ? body.code : 0,
    reason: word(body.reason),
    message: plain(word(body.message)),
    about: { name: word(details.name), kind: word(details.kind) },
    causes: causes.map((cause) => ({
      reason: word(cause.reason),
      message: plain(word(cause.message)),
      field: plain(word(cause.field), 120),
    })),
  };
}

/** What was asked, in words for a message. */
export interface Asked {
  /** `get`, `apply` …: as a Role has it. */
  verb: string;
  ref: Omit<ObjectRef, "name"> & { name?: string };
  subresource?: string | undefined;
  /** Who asked, for people. */
  connection: string;
}

/** Of an answer with a status of 400 and above that no further try changes. */
export function refusal(status: number, text: string, asked: Asked): ClusterError {
  const said = statusOf(text);
  const what = `${asked.verb} ${shownRef(asked.ref)}`;
  const words = said?.message || plain(text);
  const because = words === "" ? `status ${status}` : words;
  const make = (code: ClusterErrorCode, message: string, remedy: string) =>
    new ClusterError(code, message, { remedy, status });
  if (status === 401) {
    return make(
      "unauthorized",
      `the API server of ${asked.connection} does not know us (${what}): ${because}`,
      "Renew the credentials in the kubeconfig: the token may have expired.",
    );
  }
  if (status === 403 && said !== null) return forbidden(asked, because);
  if (status === 403) {
    return make(
      "forbidden",
      `something before the API server refuses ${what}: ${because}`,
      "Look at the proxy or firewall between here and the cluster.",
    );
  }
  if (status === 404) return missing(said, asked);
  if (status === 409) return conflicting(said, what, because);
  if (status === 413)
    return make(
      "too-large",
      `the API server finds it too large (${what}): ${because}`,
      "Make the object smaller: at most 1.5 MB.",
    );
  return make("invalid", `the API server refuses to ${what}: ${because}`, "Change what its answer names.");
}

/** What was met last says little of how long nothing else was: a last try may be given half a second. */
export function exhausted(
  { code, message, remedy, status, cause }: ClusterError,
  { verb, ref }: Pick<Asked, "verb" | "ref">,
  { tries, tookMs }: { tries: number; tookMs: number },
): ClusterError {
  const times = tries === 1 ? "once" : `${tries} times`;
  const all = `asked ${times} in ${(tookMs / 1000).toFixed(1)} s to ${verb} ${shownRef(ref)}`;
  return new ClusterError(code, `${message} (${all})`, { remedy, status, cause });
}

function forbidden({ verb, ref, subresource, connection }: Asked, because: string): ClusterError {
  const { plural, namespaced } = factsOf(ref);
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const place = namespaced && ref.namespace !== undefined ? ` in namespace ${ref.namespace}` : "";
  const name = ref.name === undefined ? "" : ` ${ref.name}`;
  return new ClusterError(
    "forbidden",
    `${connection} may not ${verb} ${resource}${name}${place}: ${because}`,
    {
      status: 403,
      remedy:
        "Let an administrator apply the file in docs/rbac that is named after the target, and bind its Role to this user.",
    },
  );
}

function missing(said: Status | null, asked: Asked): ClusterError {
  const { from } = factsOf(asked.ref);
  if (isKindUnknown(said)) {
    return new ClusterError(
      "no-kind",
      `the cluster ${asked.connection} knows no ${asked.ref.kind} of ${asked.ref.apiVersion}`,
      {
        status: 404,
        remedy: from === undefined ? "Update the cluster." : `Install ${from}, or choose another target.`,
      },
    );
  }
  // A namespace that is not there is told as such.
  const what = said?.about.kind === "namespaces" ? `namespace ${said.about.name}` : shownRef(asked.ref);
  return new ClusterError("not-found", `there is no ${what} (cluster ${asked.connection})`, {
    status: 404,
    remedy: "Check the name, the namespace and the kubeconfig's context.",
  });
}

/** The server's own handler says what is missing; without it no handler serves the kind. */
export function isKindUnknown(said: Status | null): boolean {
  return said === null || said.about.name === "";
}

function conflicting(said: Status | null, what: string, because: string): ClusterError {
  const owners = (said?.causes ?? []).filter(({ reason }) => reason === "FieldManagerConflict");
  if (owners.length > 0) {
    const fields = owners.map(({ message, field }) => `${field} (${message.replace(/^conflict with /, "")})`);
    return new ClusterError(
      "owned",
      `others own fields that are needed to ${what}: ${plain(fields.join(", "), 500)}`,
      {
        status: 409,
        remedy: "Let the one that is named give the field up, or change it there and not here.",
      },
    );
  }
  if (said?.reason === "AlreadyExists") {
    return new ClusterError("exists", `cannot ${what}: it exists`, {
      status: 409,
      remedy: "Remove it if nobody needs it, or choose another name.",
    });
  }
  return new ClusterError("conflict", `cannot ${what}: ${because}`, {
    status: 409,
    remedy: "It was changed meanwhile: read it again and run it again.",
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}
