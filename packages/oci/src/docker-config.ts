/** Credentials as `docker login` leaves them: in config.json, or with a credential helper. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { OciError } from "./errors.ts";

/** A user name and password, or the refresh token that `docker login` got in their place. */
export type Credentials = { username: string; password: string } | { identityToken: string };

const configSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

const helperTimeoutMs = 30_000;

/** The folder of config.json: DOCKER_CONFIG, else ~/.docker. */
export function dockerConfigDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.DOCKER_CONFIG || join(homedir(), ".docker");
}

/** What is stored for a registry, or null. Rejects with `OciError` code `credentials` when the file or a helper it names
 * cannot be used: to go on without would end in a less honest 401. */
export async function storedCredentials(registry: string, directory: string): Promise<Credentials | null> {
  const path = join(directory, "config.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unusable(`cannot read ${path}: ${(error as Error).message}`, error);
  }
  const config = parse(text, path);
  const keys = keysOf(registry);
  const helper = keys.map((key) => config.credHelpers?.[key]).find((name) => name !== undefined);
  const asked = helper ?? config.credsStore;
  if (asked !== undefined && asked !== "") {
    const found = await fromHelper(asked, keys[0] as string);
    if (found !== null) return found;
  }
  const entry = keys.map((key) => config.auths?.[key]).find((value) => value !== undefined);
  if (entry === undefined) return null;
  if (entry.identitytoken) return { identityToken: entry.identitytoken };
  if (entry.username && entry.password) return { username: entry.username, password: entry.password };
  return entry.auth ? decoded(entry.auth, registry, path) : null;
}

function parse(text: string, path: string): z.infer<typeof configSchema> {
  try {
    return configSchema.parse(JSON.parse(text));
  } catch (cause) {
    // The file holds secrets, and a parser's message may quote it.
    throw unusable(`${path} is not a Docker configuration`, cause instanceof SyntaxError ? undefined : cause);
  }
}

/** The names under which Docker and its kin file a registry, the first being the one for helpers. */
function keysOf(registry: string): string[] {
  const hub = ["https://index.docker.io/v1/", "index.docker.io", "docker.io"];
  if (registry === "docker.io") return hub;
  return [
    registry,
    `https://${registry}`,
    `https://${registry}/`,
    `https://${registry}/v1/`,
    `https://${registry}/v2/`,
  ];
}

function decoded(auth: string, registry: string, path: string): Credentials {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) throw unusable(`${path} holds an entry for ${registry} that is no base64 of user:password`);
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

const helperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** The protocol of docker-credential-helpers: the server on stdin, JSON on stdout, "not found" for none. */
async function fromHelper(name: string, server: string): Promise<Credentials | null> {
  if (!/^[A-Za-z0-9_.-]+$/.test(name))
    throw unusable("the Docker configuration names a credential helper that is no name");
  const program = `docker-credential-${name}`;
  const { code, stdout } = await run(program, server);
  if (code !== 0) {
    if (/not found/i.test(stdout)) return null;
    throw unusable(`${program} failed for ${server} with exit code ${code}`);
  }
  let answer: z.infer<typeof helperAnswer>;
  try {
    answer = helperAnswer.parse(JSON.parse(stdout));
  } catch {
    throw unusable(`${program} answered with something else than its protocol says`);
  }
  // The protocol's mark for an identity token.
  if (answer.Username === "<token>") return { identityToken: answer.Secret };
  return { username: answer.Username, password: answer.Secret };
}

function run(program: string, input: string): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "ignore"], timeout: helperTimeoutMs });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.on("error", (cause) =>
      reject(unusable(`the credential helper ${program} cannot be run: ${cause.message}`, cause)),
    );
    child.on("close", (code) => resolve({ code, stdout }));
    // A helper that does not read its input closes the pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function unusable(message: string, cause?: unknown): OciError {
  return new OciError("credentials", message, {
    cause,
    remedy: "Log in again (docker login), or give the user name and password as inputs.",
  });
}
