/** Pushes a blob of random bytes and reads it back in both ways, in a process of its own. Arguments: reference, bytes. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentOfBytes, OciError, parseReference, Registry } from "@ml-actions/oci";

const [reference = "", size = ""] = process.argv.slice(2);
const bytes = randomBytes(Number(size));
const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const descriptor = { mediaType: "application/octet-stream", digest, size: bytes.byteLength };
const registry = new Registry(parseReference(reference), { dockerConfig: "/nonexistent" });
const directory = await mkdtemp(join(tmpdir(), "ml-actions-proxy-"));
try {
  const pushed = await registry.pushBlob(descriptor, contentOfBytes(bytes));
  let read = 0;
  for await (const chunk of registry.blob(descriptor)) read += chunk.byteLength;
  await registry.saveBlob(descriptor, join(directory, "blob"));
  const { size: saved } = await stat(join(directory, "blob"));
  console.log(JSON.stringify({ pushed, read, saved }));
} catch (error) {
  if (!(error instanceof OciError)) throw error;
  const { code, message, remedy } = error;
  console.log(JSON.stringify({ code, message, remedy }));
} finally {
  await rm(directory, { recursive: true });
}
