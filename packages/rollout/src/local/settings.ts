/** The supervisor's command line. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { RolloutError } from "../error.ts";

export interface SupervisorSettings {
  stateDirectory: string;
  logDirectory: string;
  resource: string;
  host: string;
  /** 0 lets the system choose. */
  port: number;
  serverProgram: string;
  inferenceProgram: string;
}

const options = {
  state: { type: "string" },
  logs: { type: "string" },
  resource: { type: "string" },
  host: { type: "string", default: "127.0.0.1" },
  port: { type: "string" },
  server: { type: "string" },
  inference: { type: "string" },
} as const;

export function toArguments(settings: SupervisorSettings): string[] {
  return [
    ...["--state", settings.stateDirectory, "--logs", settings.logDirectory],
    ...["--resource", settings.resource, "--host", settings.host, "--port", String(settings.port)],
    ...["--server", settings.serverProgram, "--inference", settings.inferenceProgram],
  ];
}

/** Throws `invalid` naming every argument that is missing or wrong. */
export function fromArguments(argv: string[]): SupervisorSettings {
  const { values } = parseArgs({ args: argv, options, strict: true });
  const problems: string[] = [];
  const given = (name: "state" | "logs" | "resource" | "server" | "inference"): string => {
    const value = values[name];
    if (value === undefined || value === "") problems.push(`--${name} is missing`);
    return value ?? "";
  };
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port ?? "") || port > 65_535) {
    problems.push(`--port must be a number from 0 to 65535, not ${JSON.stringify(values.port)}`);
  }
  const settings = {
    stateDirectory: resolve(given("state")),
    logDirectory: resolve(given("logs")),
    resource: given("resource"),
    host: values.host,
    port,
    serverProgram: resolve(given("server")),
    inferenceProgram: resolve(given("inference")),
  };
  if (problems.length === 0) return settings;
  throw new RolloutError(
    "invalid",
    `${problems.join("; ")}.`,
    "The target local starts the supervisor itself.",
  );
}
