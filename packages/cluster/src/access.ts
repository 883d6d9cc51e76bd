/** Which rights are missing, before anything is touched. */

import { record } from "./failures.ts";
import { factsOfResource } from "./kinds.ts";
import type { Requests } from "./requests.ts";
import type { Right } from "./types.ts";

/** How many questions are under way at once. */
const atOnce = 8;

/** Of `rights` those that we lack, with the verbs that are missing. Each verb is one question to the API server, which
 * every user may ask about himself. */
export async function lacking(requests: Requests, rights: readonly Right[]): Promise<Right[]> {
  const questions = rights.flatMap((right) => right.verbs.map((verb) => ({ right, verb })));
  const allowed = new Map<(typeof questions)[number], boolean>();
  const waiting = [...questions];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      allowed.set(next, await isAllowed(requests, next.right, next.verb));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, questions.length) }, worker));
  return rights.flatMap((right) => {
    const missing = questions.filter((one) => one.right === right && allowed.get(one) === false);
    return missing.length === 0 ? [] : [{ ...right, verbs: missing.map(({ verb }) => verb) }];
  });
}

async function isAllowed(requests: Requests, right: Right, verb: string): Promise<boolean> {
  const { group, resource, subresource, name } = right;
  const clusterWide = factsOfResource(group, resource)?.namespaced === false;
  const resourceAttributes = {
    group,
    resource,
    verb,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(clusterWide ? {} : { namespace: right.namespace ?? requests.connection.namespace }),
  };
  const kind = "SelfSubjectAccessReview";
  const apiVersion = "authorization.k8s.io/v1";
  const review = await requests.json({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    asked: { verb: "create", ref: { apiVersion, kind } },
    body: { apiVersion, kind, spec: { resourceAttributes } },
  });
  return record(record(review).status).allowed === true;
}
