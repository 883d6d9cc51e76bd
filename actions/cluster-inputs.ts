/** The inputs that a target in a cluster has beyond those of every target: said once, so that they mean the same. */
import { UserError } from "@ml-actions/action-kit/action";
import { choice, lines, orProblem, text } from "@ml-actions/action-kit/fields";
import { shown } from "@ml-actions/action-kit/wording";
import { z } from "zod";

/** A DNS label (RFC 1123). */
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const image = /^[a-z0-9][\w./:@-]{0,499}$/i;
const prometheusService = /^service:([a-z0-9-]{1,63})\/([a-z0-9-]{1,63}):([a-z0-9-]{1,63})$/;

/** Who we are there, and where: for every action that reads or changes what runs in a cluster. */
export const connectionInputs = {
  namespace: text()
    .pipe(z.string().regex(label, "expected the name of a namespace, such as `search`"))
    .optional()
    .describe("For a cluster: the namespace of the resource. Default: that of the kubeconfig's context"),
  kubeconfig: text()
    .meta({ secret: "text" })
    .optional()
    .describe(
      "For a cluster: a kubeconfig, its path or its text (then a secret). Default: `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod that this runs in",
    ),
  context: text().optional().describe("For a cluster: the kubeconfig's context. Default: its current one"),
};

/** How it is changed, and who watches meanwhile: for every action that changes what runs in a cluster. */
export const changeInputs = {
  guard: choice(["required", "auto", "off"])
    .prefault("required")
    .describe(
      "For a cluster: the guard, a Job beside the resource that restores stable when this runner vanishes. `required` moves no traffic before it lives, `auto` goes on without it where rights or an image are missing, and says so, `off` has none",
    ),
  "guard-image": text()
    .pipe(z.string().regex(image, "expected an image, such as `registry.example.com/node:24`"))
    .optional()
    .describe(
      "For a cluster: an image with Node 24 that the guard runs on. Default: the release's own, where `build` made it",
    ),
  container: text()
    .pipe(z.string().regex(label, "expected the name of a container"))
    .optional()
    .describe(
      "For a cluster: the container of the pod that serves the model, where it has several. Default: the only one",
    ),
};

/** For what puts a release into production: what is kept elsewhere goes there. */
export const gitopsInput = {
  gitops: choice(["stop", "commit", "pull-request"])
    .prefault("stop")
    .describe(
      "For a cluster: what happens when Argo CD or Flux keeps the resource as a repository has it, and would undo a change. `stop` touches nothing and says who it is; `commit` writes the release into the manifests of this checkout, as a commit on a branch of its own; `pull-request` also opens a pull request of it. Both move no traffic and judge nothing",
    ),
};

/** Where both sides' counts come from: for what judges live traffic. */
export const telemetryInputs = {
  telemetry: choice(["auto", "pods", "prometheus"])
    .prefault("auto")
    .describe(
      "For a cluster: where both sides are counted. `pods` reads their `/metrics` through the API server, `prometheus` asks the Prometheus of the input `prometheus`, `auto` takes that when it is given, else the pods",
    ),
  prometheus: text()
    .transform((given) => given.trim())
    .refine((given) => prometheusService.test(given) || isWebUrl(given), {
      error:
        "expected a URL such as `https://prometheus.example.com`, or `service:<namespace>/<name>:<port>` to go through the API server",
    })
    .optional()
    .describe(
      "For a cluster: the Prometheus to ask, `https://…`, or `service:<namespace>/<name>:<port>`, which is reached through the API server with the kubeconfig's rights alone",
    ),
  queries: lines()
    .transform(orProblem(queriesOf))
    .optional()
    .describe(
      "For a cluster: PromQL of your own, one a line, `<metric>: <query>`, for gates whose series are not found by themselves",
    ),
};

/** By metric. */
function queriesOf(written: readonly string[]): Record<string, string> {
  const queries = written.map((line) => {
    const [, metric, query] = /^([a-z][a-z0-9_]*(?:\.[a-z0-9]+)?)\s*:\s*(\S.*)$/.exec(line) ?? [];
    if (metric !== undefined && query !== undefined) return [metric, query] as const;
    throw new UserError(`${shown(line)} is no query`, {
      remedy: "Write a metric, a colon and PromQL: `error_rate: sum(rate(…))`.",
    });
  });
  const twice = queries.find(([metric], index) => queries.findIndex(([one]) => one === metric) !== index);
  if (twice === undefined) return Object.fromEntries(queries);
  throw new UserError(`there are two queries for ${twice[0]}`, { remedy: "Give one a metric." });
}

function isWebUrl(given: string): boolean {
  try {
    const { protocol, username, password } = new URL(given);
    return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
  } catch {
    return false;
  }
}
