/** How the objects of one resource's ledger are called, and how they are known as ours. */
import { createHash } from "node:crypto";
import type { KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import { names } from "./platform.ts";

/** A Job's name becomes a label's value, which may have 63 characters. */
const maxNameChars = 63;
const hashChars = 10;

/**
 * `<prefix>-<resource>` as an object may be called. `deployment/flights` gives `…-deployment-flights`; a resource that
 * is too long, or has characters that a name may not have, is shortened and told apart by a hash of the whole.
 */
export function objectName(prefix: string, resource: string): string {
  const plain = resource.replace("/", "-");
  const room = maxNameChars - prefix.length - 1;
  // A kind has no `-`, so the first `/` can be one without two resources meeting in one name.
  if (/^[a-z0-9]+(\/[a-z0-9]([a-z0-9-]*[a-z0-9])?)?$/.test(resource) && plain.length <= room) {
    return `${prefix}-${plain}`;
  }
  const hash = createHash("sha256").update(resource).digest("hex").slice(0, hashChars);
  const start = plain
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, room - hashChars - 1)
    .replace(/-+$/, "");
  return [prefix, start, hash].filter((part) => part !== "").join("-");
}

export interface LedgerObjects {
  lease: ObjectRef;
  book: ObjectRef;
  /** The guard's Job. */
  job: ObjectRef;
}

export function ledgerObjects(namespace: string, resource: string): LedgerObjects {
  const name = objectName("ml-actions", resource);
  return {
    lease: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name },
    book: { apiVersion: "v1", kind: "ConfigMap", namespace, name },
    job: { apiVersion: "batch/v1", kind: "Job", namespace, name: objectName("ml-actions-guard", resource) },
  };
}

/** What every object of a ledger carries. */
export function ours(resource: string): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  return {
    labels: { "app.kubernetes.io/managed-by": "ml-actions" },
    annotations: { [names.resource]: resource },
  };
}

/** @throws RolloutError `invalid` for an object that has our name and is not ours */
export function assertOurs(object: KubeObject, resource: string): void {
  const { name, namespace = "", annotations } = object.metadata;
  const found = annotations?.[names.resource];
  if (found === resource) return;
  throw new RolloutError(
    "invalid",
    `${object.kind} ${name} in namespace ${namespace} does not belong to ${resource}: its annotation ${names.resource} is ${found === undefined ? "missing" : JSON.stringify(found.slice(0, 200))}.`,
    `If nothing else uses it: kubectl -n ${namespace} delete ${object.kind.toLowerCase()} ${name}. A new one is made; stable keeps serving.`,
  );
}
