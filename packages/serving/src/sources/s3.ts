/** A model in an S3 bucket, or in what speaks S3 (MinIO, R2, GCS), with the standard AWS environment. */
import { AwsV4Signer } from "aws4fetch";
import { ServingError } from "../errors.ts";
import { fetchError, fetchWithContract } from "./fetching.ts";
import type { FetchOptions } from "./source.ts";

/** `s3://bucket/key`. Reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION or
 * AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. Without keys the request is not signed, for public
 * buckets. */
export async function fetchFromS3(uri: string, options: FetchOptions): Promise<string> {
  const { environment } = options;
  const [, bucket = "", key = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/s.exec(uri) ?? [];
  if (key === "" || key.endsWith("/")) {
    throw new ServingError("model-uri", `${JSON.stringify(uri.slice(0, 300))} is no S3 URI of an object`, {
      remedy: "Write s3://bucket/path/model.onnx.",
    });
  }
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || "us-east-1";
  const url = objectUrl(bucket, key, region, environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL);
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  const request = async (target: URL) => {
    if (!accessKeyId || !secretAccessKey) return {};
    const signed = await new AwsV4Signer({
      url: target.href,
      service: "s3",
      region,
      accessKeyId,
      secretAccessKey,
      ...(environment.AWS_SESSION_TOKEN && { sessionToken: environment.AWS_SESSION_TOKEN }),
    }).sign();
    return { headers: Object.fromEntries(signed.headers) };
  };
  try {
    return await fetchWithContract({ url, request, shown: `s3://${bucket}/${key}` }, options);
  } catch (error) {
    throw withHint(error, environment);
  }
}

/** Path style for an endpoint of one's own, as MinIO and its like have no DNS name per bucket, and for a bucket with
 * dots, which no wildcard certificate covers. */
function objectUrl(bucket: string, key: string, region: string, endpoint: string | undefined): URL {
  const path = key.split("/").map(encodeSegment).join("/");
  if (endpoint) {
    if (!URL.canParse(endpoint)) {
      throw new ServingError("model-uri", "AWS_ENDPOINT_URL is no URL", {
        remedy: "Write https://host[:port].",
      });
    }
    return new URL(`${endpoint.replace(/\/+$/, "")}/${bucket}/${path}`);
  }
  const host = `s3.${region}.amazonaws.com`;
  return new URL(
    bucket.includes(".") ? `https://${host}/${bucket}/${path}` : `https://${bucket}.${host}/${path}`,
  );
}

/** AWS, "Signature calculations": every byte but the unreserved characters is percent-encoded. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const unsupported = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_PROFILE"];

/** Whoever relies on a way to credentials that is not taken should read that, and not "403". */
function withHint(error: unknown, environment: NodeJS.ProcessEnv): unknown {
  const shown = fetchError(error, "the model");
  if (!(shown instanceof ServingError) || environment.AWS_ACCESS_KEY_ID) return shown;
  const used = unsupported.filter((name) => environment[name]);
  const hint =
    used.length > 0
      ? `${used.join(" and ")} is set, but only AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are read.`
      : "No AWS_ACCESS_KEY_ID is set, so the request was not signed.";
  return new ServingError(shown.code, shown.message, { cause: error, remedy: `${shown.remedy} ${hint}` });
}
