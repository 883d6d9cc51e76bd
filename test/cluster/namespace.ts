/** A namespace for one test, and the rights that its subject has there. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject } from "@ml-actions/cluster/types";
import { lab } from "../lab/lab.ts";
import type { Site } from "../lab/part.ts";
import { openSite } from "../lab/site.ts";

/** On every namespace of a test: the process that made it. */
const ownerLabel = "ml-actions.test/process";

/** As in a Role. */
export interface Rule {
  apiGroups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
  resourceNames?: readonly string[];
}

export interface TestNamespace {
  name: string;
  /** Path, of an administrator whose namespace this is. */
  kubeconfig: string;
  /** As the administrator, in this namespace. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  /** The object, or null. */
  get(kind: string, name: string): Promise<KubeObject | null>;
  /** Server-side apply; objects without a namespace get this one. */
  apply(manifests: string | readonly KubeObject[]): Promise<void>;
  rolledOut(...deployments: string[]): Promise<void>;
  /** Path of the kubeconfig of a ServiceAccount that is there, whose rights it has and no others. */
  kubeconfigOf(serviceAccount: string): Promise<string>;
  /** The same, of a new ServiceAccount that is bound to exactly these rules. */
  restricted(rules: readonly Rule[]): Promise<string>;
}

/** Gives a fresh namespace, and removes it with everything in it when the work has ended, however it ended. */
export async function inNamespace<T>(work: (namespace: TestNamespace) => Promise<T>): Promise<T> {
  await lab();
  const site = await openSite(() => {});
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-namespace-"));
  const name = `test-${randomBytes(5).toString("hex")}`;
  const labels = { [ownerLabel]: String(process.pid) };
  await site.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } } as KubeObject]);
  try {
    await defaultAccount(site, name);
    return await work(await namespaceOf(site, name, directory));
  } finally {
    await remove(site, [name]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Those of processes that were killed. On another's cluster the numbers would be another machine's. */
export async function removeAbandoned(): Promise<void> {
  const site = await openSite(() => {});
  if (!site.own) return;
  const { items } = JSON.parse(await site.kubectl(["get", "namespaces", "-l", ownerLabel, "-o", "json"])) as {
    items: KubeObject[];
  };
  const abandoned = items.filter(({ metadata }) => !isAlive(Number(metadata.labels?.[ownerLabel])));
  if (abandoned.length > 0)
    await remove(
      site,
      abandoned.map(({ metadata }) => metadata.name),
    );
}

async function remove(site: Site, names: readonly string[]): Promise<void> {
  // Nothing of them has to be waited for: the next test has a namespace of its own.
  await site.kubectl(["delete", "namespace", ...names, "--wait=false", "--ignore-not-found"]);
}

/** A controller makes it a moment after the namespace; pods made before that are refused. */
async function defaultAccount(site: Site, namespace: string): Promise<void> {
  await site.kubectl(["wait", "--for=create", "serviceaccount/default", "-n", namespace, "--timeout=60s"]);
}

async function namespaceOf(site: Site, name: string, directory: string): Promise<TestNamespace> {
  const kubectl = (args: readonly string[], stdin?: string) =>
    site.kubectl([`--namespace=${name}`, ...args], stdin);
  const kubeconfig = await configOf(site, { directory, namespace: name, user: null });
  const kubeconfigOf = (serviceAccount: string) =>
    configOf(site, { directory, namespace: name, user: serviceAccount });
  return {
    ...{ name, kubeconfig, kubectl, kubeconfigOf },
    async get(kind, object) {
      const text = await kubectl(["get", kind, object, "--ignore-not-found", "-o", "json"]);
      return text === "" ? null : (JSON.parse(text) as KubeObject);
    },
    async apply(manifests) {
      const text =
        typeof manifests === "string"
          ? manifests
          : JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests });
      await kubectl(["apply", "--server-side", "--field-manager=ml-actions-test", "-f", "-"], text);
    },
    rolledOut: (...deployments) => site.rolledOut(name, ...deployments),
    async restricted(rules) {
      const account = `restricted-${randomBytes(4).toString("hex")}`;
      const metadata = { name: account, namespace: name };
      const [apiGroup, subject] = ["rbac.authorization.k8s.io", { kind: "ServiceAccount", ...metadata }];
      await site.apply([
        { apiVersion: "v1", kind: "ServiceAccount", metadata },
        { apiVersion: `${apiGroup}/v1`, kind: "Role", metadata, rules },
        {
          ...{ apiVersion: `${apiGroup}/v1`, kind: "RoleBinding", metadata, subjects: [subject] },
          roleRef: { apiGroup, kind: "Role", name: account },
        },
      ] as KubeObject[]);
      return kubeconfigOf(account);
    },
  };
}

interface Config {
  clusters: { name: string }[];
  users: { name: string; user: unknown }[];
  contexts: { name: string; context: { cluster: string; user: string; namespace: string } }[];
  "current-context": string;
}

/** @param user null: the administrator */
async function configOf(
  site: Site,
  { directory, namespace, user }: { directory: string; namespace: string; user: string | null },
): Promise<string> {
  const view = ["config", "view", "--raw", "--minify", "--flatten", "-o", "json"];
  const config = JSON.parse(await site.kubectl(view)) as Config;
  const context = config.contexts[0]?.context;
  if (context === undefined) throw new Error(`${site.kubeconfig} has no current context`);
  context.namespace = namespace;
  if (user !== null) {
    const token = (
      await site.kubectl(["create", "token", user, `--namespace=${namespace}`, "--duration=4h"])
    ).trim();
    config.users = [{ name: user, user: { token } }];
    context.user = user;
  }
  const path = join(directory, `${user ?? "administrator"}.kubeconfig`);
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
