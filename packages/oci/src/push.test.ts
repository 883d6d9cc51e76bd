/** Pushing to a registry that fails: it completes, or ends with one clear error, and no tag ever names half an image. */
import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { contentOfBytes } from "./content.ts";
import type { OciError } from "./errors.ts";
import type { Registry } from "./registry.ts";
import { image, manifestType, pushBytes } from "./testing/artifacts.ts";
import { sha256 } from "./testing/fake-registry.ts";
import {
  answerLost,
  answers,
  breaks,
  breaksAfter,
  delays,
  type Fault,
  lies,
  limited,
} from "./testing/faults.ts";
import { type PushableRegistry, startPushable } from "./testing/pushable-registry.ts";

const password = "open sesame";
const credentials = { username: "robot", password };
/** Two chunks. */
const large = randomBytes(34_000_000);
const largeLayer = {
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  digest: sha256(large),
  size: large.byteLength,
};

const running: PushableRegistry[] = [];
afterAll(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.close()));
});

async function start(options: Parameters<typeof startPushable>[0] = {}, ...faults: Fault[]) {
  const registry = await startPushable(options);
  registry.faults.push(...faults);
  running.push(registry);
  return registry;
}

/** A whole push, as building an image does it. */
async function push(registry: Registry): Promise<string> {
  const config = await pushBytes(registry, Buffer.from("{}"));
  await registry.pushBlob(largeLayer, contentOfBytes(large));
  const layers = [largeLayer];
  const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers };
  const { digest } = await registry.pushManifest(Buffer.from(JSON.stringify(manifest)), manifestType, "1.0");
  return digest;
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error: OciError) => error,
  );

const soon = { "retry-after": "0" };
const upload = /^(PATCH|PUT) .*uploads/;

// Most of their time they wait between attempts.
describe.concurrent("a push completes", () => {
  it.each<[string, Fault & { met: number }]>([
    ["429 with Retry-After on an upload's begin", limited(/^POST/, 1, answers(429, { "retry-after": "1" }))],
    ["500 on a chunk", limited(/^PATCH/, 2, answers(500, soon))],
    ["503 on the end of an upload", limited(/^PUT .*uploads/, 2, answers(503, soon))],
    ["500 on a manifest", limited(/^PUT .*manifests/, 3, answers(500, soon))],
    ["a connection that breaks in mid-chunk, twice", limited(/^PATCH/, 2, breaksAfter(5_000_000))],
    ["one that breaks before anything is taken", limited(upload, 2, breaks())],
    ["a slow registry", limited(upload, 3, delays(300))],
    ["an end whose answer is lost", limited(/^PUT .*uploads/, 1, answerLost())],
    ["a chunk whose answer is lost", limited(/^PATCH/, 1, answerLost())],
    ["an upload that the registry forgets", limited(/^PATCH/, 1, answers(404))],
    ["a chunk at the wrong place", limited(/^PATCH/, 1, answers(416))],
    ["a tag whose answer is lost", limited(/^PUT .*manifests\/1\.0/, 1, answerLost())],
  ])("through %s", async (_name, fault) => {
    const registry = await start({}, fault);
    const digest = await push(registry.open());
    expect(fault.met).toBeGreaterThan(0);
    expect((await registry.open().resolve("1.0"))?.digest).toBe(digest);
    expect(registry.content.repository("models/flights").blobs.has(largeLayer.digest)).toBe(true);
  });

  it("and sends after a break only what did not arrive", async () => {
    const registry = await start({}, limited(/^PATCH/, 1, breaksAfter(20_000_000)));
    const begun: number[] = [];
    const content = contentOfBytes(large);
    await registry.open().pushBlob(largeLayer, (offset) => {
      begun.push(offset);
      return content(offset);
    });
    expect(begun).toHaveLength(2);
    expect(begun[0]).toBe(0);
    expect(begun[1]).toBeGreaterThanOrEqual(20_000_000);
    expect(
      registry.lines().filter((line) => line.startsWith("GET") && line.includes("uploads")),
    ).toHaveLength(1);
  });

  it("with a token that expires between chunks, and one that is taken back", async () => {
    const registry = await start({ password });
    let chunks = 0;
    registry.faults.push((request) => {
      if (request.method === "PATCH" && ++chunks === 1) registry.tokens.revokeAll();
      return false;
    });
    await push(registry.open(undefined, { credentials }));
    expect(registry.tokens.issued).toEqual([
      ["repository:models/flights:pull"],
      ["repository:models/flights:pull,push"],
      ["repository:models/flights:pull,push"],
    ]);
    const short = await start({ password, tokenLifetimeS: 1 });
    await push(short.open(undefined, { credentials }));
    expect(short.tokens.issued.length).toBeGreaterThan(5);
  });
});

describe.concurrent("a push ends with one error, and without a tag", () => {
  it.each<[string, Fault, Partial<OciError>]>([
    [
      "403",
      limited(/^POST/, 9, answers(403, {}, "DENIED")),
      { code: "denied", message: expect.stringContaining("DENIED") },
    ],
    ["429 without end", limited(/^POST/, 9, answers(429, soon)), { code: "rate-limited" }],
    ["500 without end on a chunk", limited(/^PATCH/, 99, answers(500, soon)), { code: "status" }],
    ["connections that all break", limited(/^PATCH/, 99, breaks()), { code: "network" }],
    ["413", limited(upload, 9, answers(413)), { code: "status" }],
    ["an upload forgotten each time", limited(/^PATCH/, 99, answers(404)), { code: "status" }],
    ["400 to a chunk", limited(/^PATCH/, 99, answers(400, {}, "UNSUPPORTED")), { code: "status" }],
    [
      "another digest of a blob",
      limited(/^PUT .*uploads/, 9, lies({ headers: { "docker-content-digest": sha256("evil") } })),
      { code: "digest", message: expect.stringContaining(sha256("evil")) },
    ],
    [
      "another digest of a manifest",
      limited(/^PUT .*manifests/, 9, lies({ headers: { "docker-content-digest": sha256("evil") } })),
      { code: "digest" },
    ],
    ["500 on every manifest", limited(/^PUT .*manifests/, 99, answers(500, soon)), { code: "status" }],
    [
      "a location that is no URL",
      limited(/^POST/, 9, lies({ headers: { location: "http://[" } })),
      { code: "status" },
    ],
    [
      "a location without TLS elsewhere",
      limited(/^POST/, 9, lies({ headers: { location: "http://registry.example/upload" } })),
      { code: "redirect" },
    ],
  ])("on %s", async (_name, fault, expected) => {
    const registry = await start({}, fault);
    expect(await failure(push(registry.open()))).toMatchObject({ ...expected, remedy: expect.any(String) });
    expect([...registry.content.repository("models/flights").manifests.keys()]).not.toContain("1.0");
  });

  it("on bytes that are changed on the way", async () => {
    const registry = await start(
      {},
      limited(/^PUT .*uploads/, 1, answers(400, {}, '{"errors":[{"code":"DIGEST_INVALID"}]}')),
    );
    expect(await failure(push(registry.open()))).toMatchObject({ code: "digest" });
  });

  it("on a wrong password, which it does not tell", async () => {
    const registry = await start({ password });
    const wrong = { credentials: { username: "robot", password: "s3cret" } };
    const error = await failure(push(registry.open(undefined, wrong)));
    expect(error).toMatchObject({ code: "unauthorized" });
    expect(String(error)).not.toContain("s3cret");
  });

  it("when another writer sets the tag at the same moment", async () => {
    const registry = await start();
    const other = await image(registry.open(), "other");
    registry.faults.push((request) => {
      if (request.method !== "PUT" || !request.url?.endsWith("/manifests/1.0")) return false;
      const { manifests } = registry.content.repository("models/flights");
      request.on("end", () =>
        setImmediate(() => manifests.set("1.0", { bytes: Buffer.from(other), type: manifestType })),
      );
      return false;
    });
    expect(await failure(push(registry.open()))).toMatchObject({ code: "conflict" });
  });
});

describe("a blob in another repository of the registry", () => {
  const bytes = Buffer.from("a base layer");
  const descriptor = { mediaType: "x/y", digest: sha256(bytes), size: bytes.byteLength };
  const neverRead = () => {
    throw new Error("it is not to be sent");
  };

  it("is mounted, with the token's scope for both", async () => {
    const registry = await start({ password });
    const base = registry.open("library/base", { credentials });
    await base.pushBlob(descriptor, contentOfBytes(bytes));
    const target = registry.open("models/flights", { credentials });
    expect(await target.pushBlob(descriptor, neverRead, base)).toBe("mounted");
    expect(registry.tokens.issued.at(-1)).toEqual([
      "repository:models/flights:pull,push",
      "repository:library/base:pull",
    ]);
    expect(await target.hasBlob(descriptor)).toBe(true);
  });

  it.each<[string, Fault | null]>([
    ["it is not there", null],
    ["it may not be read", limited(/mount=/, 9, answers(403))],
  ])("is sent when %s", async (_name, fault) => {
    const registry = await start({}, ...(fault === null ? [] : [fault]));
    const target = registry.open();
    expect(await target.pushBlob(descriptor, contentOfBytes(bytes), registry.open("library/base"))).toBe(
      "sent",
    );
    expect(registry.lines().some((line) => line.includes("mount="))).toBe(true);
  });

  it("is not looked for in another registry", async () => {
    const registry = await start();
    const other = await start();
    expect(
      await registry.open().pushBlob(descriptor, contentOfBytes(bytes), other.open("library/base")),
    ).toBe("sent");
    expect(registry.lines().some((line) => line.includes("mount="))).toBe(false);
  });
});

describe("reading a blob", () => {
  it("goes on where a broken connection ended", async () => {
    const bytes = randomBytes(3_000_000);
    const registry = await start();
    const descriptor = await pushBytes(registry.open(), bytes);
    registry.faults.push(
      limited(/^GET .*blobs/, 2, (_request, response, forward) => {
        const end = response.end.bind(response) as (body: unknown) => typeof response;
        response.end = ((body: Uint8Array) => {
          response.write(body.subarray(0, 1_000_000), () => response.destroy());
          return response;
        }) as typeof response.end & typeof end;
        forward();
        return true;
      }),
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of registry.open().blob(descriptor)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it.each([
    ["another of the same size", "evil layer", "digest"],
    ["a shorter one", "evil", "digest"],
    ["a longer one", "evil evil evil", "digest"],
  ])("finds out that the registry gives %s", async (_name, evil, code) => {
    const registry = await start({}, limited(/^GET .*blobs/, 9, lies({ body: Buffer.from(evil) })));
    const descriptor = await pushBytes(registry.open(), Buffer.from("true layer"));
    const read = async () => {
      for await (const chunk of registry.open().blob(descriptor)) expect(chunk.byteLength).toBeGreaterThan(0);
    };
    expect(await failure(read())).toMatchObject({ code });
  });
});
