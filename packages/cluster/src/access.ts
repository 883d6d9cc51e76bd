/** Which rights are missing, before anything is touched. */

import { setTimeout as sleep } from "node:timers/promises";
import { record } from "./failures.ts";
import { factsOfResource } from "./kinds.ts";
import type { Requests } from "./requests.ts";
import type { Right } from "./types.ts";

/** How many questions are under way at once. */
const atOnce = 8;
const againAfterMs = 200;

/** Of `rights` those that we lack, with the verbs that are missing. Each verb is one question to the API server, which
 * every user may ask about himself. */
export async function lacking(requests: Requests, rights: readonly Right[]): Promise<Right[]> {
  const questions = rights.flatMap((right) => right.verbs.map((verb) => ({ right, verb })));
  const deadlineMs = performance.now() + requests.patienceMs;
  for (let denied = questions; ; await sleep(againAfterMs)) {
    denied = await deniedOf(requests, denied);
    // A server that starts denies what it allows a moment later.
    if (denied.length > 0 && !(await requests.refusalCounts()) && performance.now() < deadlineMs) continue;
    return rights.flatMap((right) => {
      const verbs = denied.filter((one) => one.right === right).map(({ verb }) => verb);
      return verbs.length === 0 ? [] : [{ ...right, verbs }];
    });
  }
}

interface Question {
  right: Right;
  verb: string;
}

async function deniedOf(requests: Requests, questions: readonly Question[]): Promise<Question[]> {
  const waiting = [...questions];
  const denied = new Set<Question>();
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (!(await isAllowed(requests, next.right, next.verb))) denied.add(next);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, questions.length) }, worker));
  return questions.filter((one) => denied.has(one));
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
