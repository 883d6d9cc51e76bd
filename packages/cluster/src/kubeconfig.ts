/** A kubeconfig as kubectl reads it: one file, or several of which the first to name something wins. It comes from
 * secrets and other people's tools, so it is checked here and its values are never told, only where they lie. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { ClusterError } from "./error.ts";

const text = z.string();
/** Tools write null for what is not there. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

const clusterSchema = z.object({
  server: text.min(1),
  "certificate-authority": optional(text),
  "certificate-authority-data": optional(text),
  "insecure-skip-tls-verify": optional(z.boolean()),
  "tls-server-name": optional(text),
  "proxy-url": optional(text),
});
const execSchema = z.object({
  apiVersion: text,
  command: text.min(1),
  args: optional(z.array(text)),
  env: optional(z.array(z.object({ name: text, value: text }))),
  provideClusterInfo: optional(z.boolean()),
});
const userSchema = z.object({
  token: optional(text),
  tokenFile: optional(text),
  username: optional(text),
  password: optional(text),
  "client-certificate": optional(text),
  "client-certificate-data": optional(text),
  "client-key": optional(text),
  "client-key-data": optional(text),
  as: optional(text),
  exec: optional(execSchema),
  "auth-provider": optional(z.object({ name: text, config: optional(z.record(text, text)) })),
});
const contextSchema = z.object({ cluster: text.min(1), user: optional(text), namespace: optional(text) });
const listOf = <T extends z.ZodType>(schema: T) => optional(z.array(schema)).transform((list) => list ?? []);

const schema = z.object({
  clusters: listOf(z.object({ name: text, cluster: clusterSchema })),
  users: listOf(z.object({ name: text, user: optional(userSchema) })),
  contexts: listOf(z.object({ name: text, context: contextSchema })),
  "current-context": optional(text),
});

export type KubeconfigCluster = z.output<typeof clusterSchema>;
export type KubeconfigUser = z.output<typeof userSchema>;
export type ExecPlugin = z.output<typeof execSchema>;

/** What one context comes to; paths are absolute. */
export interface Chosen {
  context: string;
  namespace: string | undefined;
  cluster: KubeconfigCluster;
  user: KubeconfigUser;
}

/** Files of hundreds of clusters with their certificates are hundreds of kilobytes. */
const maxBytes = 5 * 1024 * 1024;

/** Where a kubeconfig may be: `given` (text or path), else KUBECONFIG, else ~/.kube/config; null: nowhere. */
export function findKubeconfig(
  given: string | undefined,
  environment: NodeJS.ProcessEnv,
): { texts: { text: string; directory: string; place: string }[] } | null {
  if (given !== undefined && given.trim() !== "") {
    if (/[\n{]/.test(given.trim())) {
      return { texts: [{ text: given, directory: process.cwd(), place: "the kubeconfig given" }] };
    }
    return { texts: [read(given.trim(), "given as input")] };
  }
  const paths = (environment.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  // As kubectl: of several files some may be missing.
  const there = paths.length > 1 ? paths.filter((path) => existsSync(path)) : paths;
  if (there.length > 0) return { texts: there.map((path) => read(path, "named by KUBECONFIG")) };
  const own = join(environment.HOME || homedir(), ".kube", "config");
  return existsSync(own) ? { texts: [read(own, "in the home directory")] } : null;
}

/** Throws `ClusterError` code `kubeconfig`. `parse`: YAML. */
export function chooseContext(
  { texts }: { texts: readonly { text: string; directory: string; place: string }[] },
  wanted: string | undefined,
  parse: (text: string) => unknown,
): Chosen {
  const files = texts.map((file) => ({ ...file, config: checked(file, parse) }));
  const place = files.map((file) => file.place).join(", ");
  const current = files.map(({ config }) => config["current-context"]).find((name) => name);
  const context = wanted || current;
  const contexts = files.flatMap(({ config }) => config.contexts);
  if (!context) {
    throw wrong(`${place} has no current-context`, `Name a context: ${namesOf(contexts)}.`);
  }
  const chosen = contexts.find(({ name }) => name === context)?.context;
  if (chosen === undefined) {
    throw wrong(
      `${place} has no context ${JSON.stringify(context.slice(0, 120))}`,
      `It has: ${namesOf(contexts)}.`,
    );
  }
  const clusterFile = files.find(({ config }) => config.clusters.some(({ name }) => name === chosen.cluster));
  const cluster = clusterFile?.config.clusters.find(({ name }) => name === chosen.cluster)?.cluster;
  if (clusterFile === undefined || cluster === undefined) {
    throw wrong(
      `${place}: context ${JSON.stringify(context)} names the cluster ${JSON.stringify(chosen.cluster)}, which is not there`,
      "Add the cluster, or choose another context.",
    );
  }
  const userFile = files.find(({ config }) => config.users.some(({ name }) => name === chosen.user));
  if (userFile === undefined && chosen.user !== undefined) {
    throw wrong(
      `${place}: context ${JSON.stringify(context)} names the user ${JSON.stringify(chosen.user)}, who is not there`,
      "Add the user, or choose another context.",
    );
  }
  const user = userFile?.config.users.find(({ name }) => name === chosen.user)?.user ?? emptyUser;
  return {
    context,
    namespace: chosen.namespace,
    cluster: withPaths(cluster, ["certificate-authority"], clusterFile.directory),
    user: besideFile(user, userFile?.directory ?? "."),
  };
}

const emptyUser: KubeconfigUser = userSchema.parse({});

function read(path: string, how: string): { text: string; directory: string; place: string } {
  // A kubeconfig's text in the wrong encoding is a secret, and no path.
  const place =
    path.length <= 200 ? `the kubeconfig ${JSON.stringify(path)}, ${how},` : `the kubeconfig ${how}`;
  const full = resolve(path.replace(/^~(?=\/)/, homedir()));
  try {
    if (statSync(full).size > maxBytes)
      throw wrong(`${place} is larger than ${maxBytes} bytes`, "Name a kubeconfig.");
    return { text: readFileSync(full, "utf8"), directory: dirname(full), place };
  } catch (cause) {
    if (cause instanceof ClusterError) throw cause;
    const { code = "" } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" || code === "ENAMETOOLONG" ? "there is no such file" : code;
    const encoded = /^[A-Za-z0-9+/=]{200,}$/.test(path)
      ? " If it is its text in base64, decode it first."
      : "";
    // The cause would tell the path again.
    throw wrong(`${place} cannot be read: ${why}`, `Give a kubeconfig's text, or the path of one.${encoded}`);
  }
}

function checked(
  { text: content, place }: { text: string; place: string },
  parse: (text: string) => unknown,
): z.output<typeof schema> {
  const hint = "Give a kubeconfig as kubectl takes it.";
  if (content.trim() === "") throw wrong(`${place} is empty`, hint);
  if (content.length > maxBytes) throw wrong(`${place} is larger than ${maxBytes} bytes`, hint);
  const value = parsed(content, place, parse);
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const problems = outcome.error.issues.slice(0, 10).map(({ path, message }) => {
    return `${path.length === 0 ? "at its top" : path.join(".")}: ${message}`;
  });
  throw wrong(`${place} is no kubeconfig: ${problems.join("; ")}`, hint);
}

function parsed(content: string, place: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(content);
  } catch (cause) {
    // The parser's own message quotes the lines around, which may hold a key.
    const line = (cause as { linePos?: readonly { line: number }[] }).linePos?.[0]?.line;
    const where = line === undefined ? "" : ` (line ${line})`;
    throw wrong(`${place} is no YAML${where}`, "Give a kubeconfig as kubectl takes it.");
  }
}

function besideFile(user: KubeconfigUser, directory: string): KubeconfigUser {
  const own = withPaths(user, ["client-certificate", "client-key", "tokenFile"], directory);
  // As client-go: a command with a slash lies beside the kubeconfig, one without in the PATH.
  if (!own.exec?.command.includes("/")) return own;
  return { ...own, exec: withPaths(own.exec, ["command"], directory) };
}

function withPaths<T extends object>(value: T, names: readonly (keyof T)[], directory: string): T {
  const result = { ...value };
  for (const name of names) {
    const path = value[name];
    if (typeof path === "string" && path !== "" && !isAbsolute(path)) {
      result[name] = join(directory, path) as T[keyof T] & string;
    }
  }
  return result;
}

function namesOf(list: readonly { name: string }[]): string {
  const names = list.slice(0, 20).map(({ name }) => JSON.stringify(name.slice(0, 120)));
  return names.length === 0 ? "none" : `${names.join(", ")}${list.length > 20 ? ", …" : ""}`;
}

function wrong(message: string, remedy: string): ClusterError {
  return new ClusterError("kubeconfig", message, { remedy });
}
