/** A TUF repository of one's own over HTTP: one Ed25519 key for all roles, consistent snapshots, as Sigstore's is laid out.
 * https://theupdateframework.github.io/specification/v1.0.33 */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface TufRepository {
  url: string;
  /** Of `1.root.json`: what its operator tells people. */
  rootSha256: string;
  /** Path → bytes, to be tampered with. */
  files: Map<string, Buffer>;
  stop(): Promise<void>;
}

const roles = ["root", "targets", "snapshot", "timestamp"] as const;

export async function startTufRepository(targets: Record<string, string>): Promise<TufRepository> {
  const files = repositoryFiles(targets);
  const server = createServer((request, response) => {
    const content = files.get((request.url ?? "/").slice(1));
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rootSha256: sha256(files.get("1.root.json") as Buffer),
    files,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function repositoryFiles(targets: Record<string, string>): Map<string, Buffer> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
  const key = { keytype: "ed25519", scheme: "ed25519", keyval: { public: raw } };
  const keyid = sha256(Buffer.from(canonical(key)));
  const expires = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");
  const signed = (type: string, content: object) => {
    const body = { _type: type, spec_version: "1.0.33", version: 1, expires, ...content };
    const sig = sign(null, Buffer.from(canonical(body)), privateKey).toString("hex");
    return Buffer.from(JSON.stringify({ signed: body, signatures: [{ keyid, sig }] }));
  };
  const files = new Map<string, Buffer>();
  const described: Record<string, object> = {};
  for (const [name, content] of Object.entries(targets)) {
    const bytes = Buffer.from(content);
    described[name] = { length: bytes.byteLength, hashes: { sha256: sha256(bytes) } };
    files.set(`targets/${sha256(bytes)}.${name}`, bytes);
  }
  const role = { keyids: [keyid], threshold: 1 };
  const rootBody = {
    consistent_snapshot: true,
    keys: { [keyid]: key },
    roles: Object.fromEntries(roles.map((name) => [name, role])),
  };
  files.set("1.root.json", signed("root", rootBody));
  files.set("1.targets.json", signed("targets", { targets: described }));
  files.set("1.snapshot.json", signed("snapshot", { meta: { "targets.json": { version: 1 } } }));
  files.set("timestamp.json", signed("timestamp", { meta: { "snapshot.json": { version: 1 } } }));
  return files;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** OLPC's canonical JSON: sorted keys, no white space. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
}
