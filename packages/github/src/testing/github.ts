/**
 * A stand-in for GitHub's API on 127.0.0.1, for tests: it takes what GitHub takes for starting workflows and opening
 * pull requests, refuses the
 * rest as GitHub does, and holds every request and answer against GitHub's own OpenAPI description.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Ajv } from "ajv";

interface Endpoint {
  request: object;
  responses: Record<string, object | null>;
}

const description = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../openapi/endpoints-23.0.2.json"), "utf8"),
) as { paths: Record<string, Endpoint> };
/** OpenAPI 3.0 has words that JSON Schema lacks. */
const ajv = new Ajv({ strict: false, formats: { int64: true, uri: true, "repo.nwo": true } });

export interface Received {
  path: string;
  body: Record<string, unknown>;
  authorization: string | undefined;
}

export interface GitHubRules {
  token: string;
  repository: string;
  /** Workflow file → the refs that have it with `workflow_dispatch`, and the inputs that it declares. */
  workflows: Record<string, { refs: string[]; inputs: string[] }>;
  /** Branches that it has; of these, those with an open pull request. */
  branches?: string[];
  open?: string[];
  /** Answers this instead, whatever is asked. */
  answer?: { status: number; body: object; headers?: Record<string, string> };
  /** As an older GitHub Enterprise Server: no `return_run_details`. */
  older?: boolean;
  /** Takes the request and never answers. */
  hangs?: boolean;
}

export interface FakeGitHub {
  url: string;
  received: Received[];
  /** Where a request or an answer was not as GitHub describes it. */
  faults: string[];
  rules: GitHubRules;
  close(): Promise<void>;
}

export async function startFakeGitHub(rules: GitHubRules): Promise<FakeGitHub> {
  const fake: FakeGitHub = { url: "", received: [], faults: [], rules, close: async () => {} };
  const server = createServer((request, response) => {
    void answer(fake, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fake.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return fake;
}

async function answer(fake: FakeGitHub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const piece of request) text += String(piece);
  const path = decodeURIComponent(request.url ?? "");
  const body = JSON.parse(text || "{}") as Record<string, unknown>;
  fake.received.push({ path, body, authorization: request.headers.authorization });
  if (fake.rules.hangs === true) return;
  const { status, body: said, headers } = decide(fake.rules, path, body, request.headers.authorization);
  check(fake, path, body, status, said);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(said === null ? undefined : JSON.stringify(said));
}

interface Answer {
  status: number;
  body: object | null;
  headers?: Record<string, string>;
}

const refusal = (status: number, message: string): Answer => ({
  status,
  body: { message, documentation_url: "https://docs.github.com/rest" },
});

function decide(
  rules: GitHubRules,
  path: string,
  body: Record<string, unknown>,
  authorization: string | undefined,
): Answer {
  if (rules.answer !== undefined) return rules.answer;
  if (authorization !== `token ${rules.token}`) return refusal(401, "Bad credentials");
  const prefix = `/repos/${rules.repository}`;
  if (path === `${prefix}/dispatches`) return { status: 204, body: null };
  if (path === `${prefix}/pulls`) return decidePull(rules, body);
  const file = new RegExp(`^${prefix}/actions/workflows/([^/]+)/dispatches$`).exec(path)?.[1];
  const workflow = file === undefined ? undefined : rules.workflows[file];
  if (workflow === undefined) return refusal(404, "Not Found");
  if (rules.older === true && "return_run_details" in body) {
    return refusal(422, 'Invalid request.\n\n"return_run_details" is not a permitted key.');
  }
  if (!workflow.refs.includes(String(body.ref))) return refusal(422, `No ref found for: ${body.ref}`);
  const unknown = Object.keys(body.inputs ?? {}).filter((name) => !workflow.inputs.includes(name));
  if (unknown.length > 0) return refusal(422, `Unexpected inputs provided: ${JSON.stringify(unknown)}`);
  if (body.return_run_details !== true) return { status: 204, body: null };
  const runs = `${rules.repository}/actions/runs/7`;
  return {
    status: 200,
    body: {
      workflow_run_id: 7,
      run_url: `https://api.github.com/repos/${runs}`,
      html_url: `https://github.com/${runs}`,
    },
  };
}

function decidePull(
  { repository, branches = [], open = [] }: GitHubRules,
  body: Record<string, unknown>,
): Answer {
  const [head, base] = [String(body.head), String(body.base)];
  if (!branches.includes(base)) return refusal(422, "Validation Failed: base invalid");
  if (!branches.includes(head)) return refusal(422, "Validation Failed: head invalid");
  if (open.includes(head)) return refusal(422, `A pull request already exists for org:${head}.`);
  const url = `https://github.com/${repository}/pull/9`;
  return { status: 201, body: { number: 9, html_url: url } };
}

function check(fake: FakeGitHub, path: string, body: object, status: number, said: object | null): void {
  const parts = path.split("/").length;
  const endpoint = Object.entries(description.paths).find(
    ([template]) =>
      template.split("/").length === parts && path.endsWith(template.split("/").at(-1) as string),
  )?.[1] as Endpoint;
  const asked = ajv.validate(endpoint.request, body);
  if (!asked) fake.faults.push(`${path}: ${ajv.errorsText()}`);
  if (status >= 400) return;
  const schema = endpoint.responses[String(status)];
  if (schema === undefined) fake.faults.push(`${path}: GitHub never answers ${status}`);
  if (schema != null && !ajv.validate(schema, said)) fake.faults.push(`${path}: ${ajv.errorsText()}`);
}
