/**
 * Cuts the endpoints that this package uses out of GitHub's OpenAPI description, for the tests: the whole is 800 MB.
 *
 *     node packages/github/openapi/extract.ts
 *
 * Fetches the npm package below into the cache (28 MB) and writes `endpoints-<version>.json` beside this file.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const version = "23.0.2";
/** Path → what is read of an answer; null: all of it. */
const endpoints: Record<string, readonly string[] | null> = {
  "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches": null,
  "/repos/{owner}/{repo}/dispatches": null,
  // The whole describes every part of a pull request, its repository and its people.
  "/repos/{owner}/{repo}/pulls": ["html_url", "number"],
};

interface Operation {
  parameters: unknown;
  requestBody: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ml-actions");
const archive = join(cache, `octokit-openapi-${version}.tgz`);
if (!existsSync(archive)) {
  mkdirSync(cache, { recursive: true });
  execFileSync("npm", ["pack", `@octokit/openapi@${version}`, "--silent"], { cwd: cache, stdio: "inherit" });
}
const member = "package/generated/api.github.com.deref.json";
const description = execFileSync("tar", ["xzOf", archive, member], { encoding: "utf8", maxBuffer: 1 << 28 });
const { paths } = JSON.parse(description) as {
  paths: Record<string, { post: Operation }>;
};
const extract = {
  source: `@octokit/openapi ${version}, ${member} (MIT)`,
  // Schemas alone: descriptions and examples are for people.
  paths: Object.fromEntries(
    Object.entries(endpoints).map(([path, read]) => {
      const { parameters, requestBody, responses } = (paths[path] as { post: Operation }).post;
      const request = requestBody.content["application/json"]?.schema;
      const answers = Object.entries(responses).map(([status, { content }]) => [
        status,
        cut(content?.["application/json"]?.schema, status.startsWith("2") ? read : null),
      ]);
      return [path, { parameters, request, responses: Object.fromEntries(answers) }];
    }),
  ),
};

function cut(schema: unknown, read: readonly string[] | null): unknown {
  if (schema === undefined || read === null) return schema ?? null;
  const { type, properties } = schema as { type: string; properties: Record<string, unknown> };
  return {
    type,
    required: read,
    properties: Object.fromEntries(read.map((name) => [name, properties[name]])),
  };
}

const out = join(import.meta.dirname, `endpoints-${version}.json`);
writeFileSync(out, `${JSON.stringify(extract, null, 2)}\n`);
console.log(out);
