import { createHash, createHmac } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve, type TestServer } from "@ml-actions/oci/testing/fake-registry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveModel } from "../resolve-model.ts";

const accessKey = "AKIDEXAMPLE";
const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const region = "eu-test-1";
const object = Buffer.from("a model, as far as S3 is concerned");

let directory: string;
let server: TestServer;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-s3-"));
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
const hex = (text: string) => createHash("sha256").update(text).digest("hex");

/** Whether the request is signed with the secret, computed from AWS's description of Signature Version 4 alone
 * ("Create a signed AWS API request"): canonical request → string to sign → signing key → signature. */
function isSigned(request: IncomingMessage): boolean {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? "",
    );
  const [, key, day = "", signedRegion, names = "", signature] = match ?? [];
  const time = String(request.headers["x-amz-date"]);
  const ageMs =
    Date.now() - Date.parse(time.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, "$1-$2-$3:$4:$5"));
  if (key !== accessKey || signedRegion !== region || !time.startsWith(day) || !(Math.abs(ageMs) < 60_000))
    return false;
  if (!names.split(";").includes("host")) return false;
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const payload = String(request.headers["x-amz-content-sha256"]);
  const canonical = [request.method, path, query, headers.join(""), names, payload].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, hex(canonical)].join("\n");
  const signingKey = ["s3", "aws4_request"].reduce(hmac, hmac(hmac(`AWS4${secret}`, day), region));
  return hmac(signingKey, toSign).toString("hex") === signature;
}

async function start(): Promise<void> {
  server = await serve((request, response) => {
    if (isSigned(request)) response.end(object);
    else response.writeHead(403).end("<Code>SignatureDoesNotMatch</Code>");
  });
}

const environment = (changes: Record<string, string> = {}) => ({
  AWS_ACCESS_KEY_ID: accessKey,
  AWS_SECRET_ACCESS_KEY: secret,
  AWS_REGION: region,
  AWS_ENDPOINT_URL: `http://127.0.0.1:${server.port}`,
  ...changes,
});

const fetchKey = (key: string, env: NodeJS.ProcessEnv) =>
  resolveModel(`s3://my-models/${key}`, {
    directory,
    environment: env,
    contract: join(directory, "c.json"),
  }).then(
    async ({ path }) => readFile(path),
    (error: unknown) => error,
  );

describe("a model in S3", () => {
  it.each([
    "flights-2.onnx",
    "team a/flights 2.onnx",
    "a+b/c=d&e/(f)!'*~.onnx",
    "Zürich/✈.onnx",
    "100%/25%20.onnx",
  ])("is fetched with a signature that S3 would compute, key %s", async (key) => {
    await start();
    expect(await fetchKey(key, environment())).toEqual(object);
    expect(server.seen[0]?.line).toMatch(/^GET \/my-models\//);
  });

  it("carries a session's token, signed too", async () => {
    let token: unknown;
    server = await serve((request, response) => {
      token = request.headers["x-amz-security-token"];
      const names = /SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "";
      if (isSigned(request) && names.includes("x-amz-security-token")) response.end(object);
      else response.writeHead(403).end();
    });
    expect(await fetchKey("m.onnx", environment({ AWS_SESSION_TOKEN: "session" }))).toEqual(object);
    expect(token).toBe("session");
  });

  it("is refused with a wrong secret, which the error does not tell", async () => {
    await start();
    const error = await fetchKey("m.onnx", environment({ AWS_SECRET_ACCESS_KEY: "not-the-secret" }));
    expect(error).toMatchObject({
      code: "model-fetch",
      message: expect.stringMatching(/s3:\/\/my-models\/m\.onnx.*403.*SignatureDoesNotMatch/),
    });
    expect(JSON.stringify(error)).not.toContain("not-the-secret");
  });

  it("without keys is asked for unsigned, and says so when that is refused", async () => {
    await start();
    const { AWS_ACCESS_KEY_ID: _, ...rest } = environment();
    expect(await fetchKey("m.onnx", rest)).toMatchObject({
      remedy: expect.stringContaining("No AWS_ACCESS_KEY_ID"),
    });
    const role = { ...rest, AWS_WEB_IDENTITY_TOKEN_FILE: "/token" };
    expect(await fetchKey("m.onnx", role)).toMatchObject({
      remedy: expect.stringContaining("AWS_WEB_IDENTITY_TOKEN_FILE is set"),
    });
    expect(server.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it("is signed anew for each attempt", async () => {
    let failures = 1;
    server = await serve((request, response) => {
      if (failures-- > 0) response.writeHead(503).end();
      else if (isSigned(request)) response.end(object);
      else response.writeHead(403).end();
    });
    expect(await fetchKey("m.onnx", environment())).toEqual(object);
    expect(server.seen).toHaveLength(2);
  });

  it.each(["s3://bucket", "s3://bucket/", "s3://Bad_Bucket/x.onnx", "s3:///x.onnx", "s3://bucket/folder/"])(
    "%s is refused as no object's URI",
    async (uri) => {
      await start();
      await expect(resolveModel(uri, { directory, environment: environment() })).rejects.toMatchObject({
        code: "model-uri",
      });
    },
  );
});
