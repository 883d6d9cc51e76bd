/** The guard's program in a ConfigMap, which all guards of a namespace share. Every Job that runs it is an owner, so that
 * the cluster removes it with the last one. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { bundleObject, programFile } from "./guard-manifest.ts";
import { codeOf, hasChanged } from "./lease-store.ts";
import { conflict } from "./refusals.ts";

export interface GuardBundle {
  name: string;
  /** Resolves when it is there. */
  ensure(): Promise<void>;
  /** Makes the Job one of its owners. */
  own(job: KubeObject): Promise<void>;
}

const maxAttempts = 30;

export function guardBundle(api: Api, namespace: string, program: string): GuardBundle {
  const hash = createHash("sha256").update(program).digest("hex").slice(0, 16);
  const name = `ml-actions-guard-${hash}`;
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace, name };
  const create = (owners: NonNullable<KubeObject["metadata"]["ownerReferences"]>) => {
    const object = bundleObject({ name, namespace }, program);
    return api.create({ ...object, metadata: { ...object.metadata, ownerReferences: owners } });
  };
  return {
    name,
    async ensure() {
      const found = await api.get(ref);
      if (found !== null) return assertOurs(found, program);
      await create([]).catch(async (error: unknown) => {
        if (codeOf(error) !== "exists") throw error;
        const other = await api.get(ref);
        if (other !== null) assertOurs(other, program);
      });
    },
    async own({ apiVersion, kind, metadata }) {
      const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "" };
      for (let attempt = 1; ; attempt++) {
        const found = await api.get(ref);
        if (found !== null) assertOurs(found, program);
        const owners = found?.metadata.ownerReferences ?? [];
        if (owners.some(({ uid }) => uid === owner.uid)) return;
        try {
          if (found === null) await create([owner]);
          else await api.replace(withOwners(found, [...owners, owner]));
          return;
        } catch (error) {
          if (!hasChanged(error) || attempt >= maxAttempts) throw error;
          await sleep(30 * Math.random());
        }
      }
    },
  };
}

/** Threat: its name can be known beforehand, and what it holds runs with the guard's rights. */
function assertOurs(
  { metadata, data, immutable }: KubeObject & { immutable?: unknown },
  program: string,
): void {
  if (immutable === true && data?.[programFile] === program) return;
  throw conflict(
    `ConfigMap ${metadata.name} in namespace ${metadata.namespace} holds another program than the guard's, or one that can be changed: somebody else made it.`,
    "Find out who (its managedFields name the writer), delete it, and let nobody but the runner write ConfigMaps there.",
  );
}

function withOwners(
  object: KubeObject,
  ownerReferences: KubeObject["metadata"]["ownerReferences"],
): KubeObject {
  return { ...object, metadata: { ...object.metadata, ownerReferences: ownerReferences ?? [] } };
}
