/** A program in a ConfigMap, the guard's or the mirroring proxy's, which all of a namespace share. Everything that runs it
 * is an owner, so that the cluster removes it with the last one. */
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
  /** Makes what runs it, or goes last of what does, one of its owners; it is there then. */
  own(runs: KubeObject): Promise<void>;
}

const maxAttempts = 30;

export function guardBundle(api: Api, namespace: string, program: string): GuardBundle {
  return programBundle(api, namespace, program, { prefix: "ml-actions-guard", file: programFile });
}

/** @param as how its name begins, and what the program is called where it runs */
export function programBundle(
  api: Api,
  namespace: string,
  program: string,
  as: { prefix: string; file: string },
): GuardBundle {
  const hash = createHash("sha256").update(program).digest("hex").slice(0, 16);
  const name = `${as.prefix}-${hash}`;
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace, name };
  const create = (owners: NonNullable<KubeObject["metadata"]["ownerReferences"]>) => {
    const object = bundleObject({ name, namespace }, program, as.file);
    return api.create({ ...object, metadata: { ...object.metadata, ownerReferences: owners } });
  };
  return {
    name,
    async ensure() {
      const found = await api.get(ref);
      if (found !== null) return assertOurs(found, program, as.file);
      await create([]).catch(async (error: unknown) => {
        if (codeOf(error) !== "exists") throw error;
        const other = await api.get(ref);
        if (other !== null) assertOurs(other, program, as.file);
      });
    },
    async own({ apiVersion, kind, metadata }) {
      const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "" };
      for (let attempt = 1; ; attempt++) {
        const found = await api.get(ref);
        if (found !== null) assertOurs(found, program, as.file);
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

/** Threat: its name can be known beforehand, and what it holds runs with the guard's rights, or in users' way. */
function assertOurs(
  { metadata, data, immutable }: KubeObject & { immutable?: unknown },
  program: string,
  file: string,
): void {
  if (immutable === true && data?.[file] === program) return;
  throw conflict(
    `ConfigMap ${metadata.name} in namespace ${metadata.namespace} holds another program than ours, or one that can be changed: somebody else made it.`,
    "Find out who (its managedFields name the writer), delete it, and let nobody but the runner write ConfigMaps there.",
  );
}

function withOwners(
  object: KubeObject,
  ownerReferences: KubeObject["metadata"]["ownerReferences"],
): KubeObject {
  return { ...object, metadata: { ...object.metadata, ownerReferences: ownerReferences ?? [] } };
}
