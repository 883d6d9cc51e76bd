import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type ReplayRequest, readRequests, surveyRequests } from "./replay-requests.ts";

async function fileOf(content: string | Buffer, name = "requests.jsonl"): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "ml-actions-requests-")), name);
  await writeFile(path, content);
  return path;
}
async function read(paths: string[]): Promise<ReplayRequest[]> {
  const requests: ReplayRequest[] = [];
  for await (const request of readRequests(paths)) requests.push(request);
  return requests;
}
const refusal = async (content: string | Buffer) => {
  const error = await surveyRequests([await fileOf(content)]).catch((thrown: unknown) => thrown);
  return error instanceof UserError ? error.message : `not refused: ${JSON.stringify(error)}`;
};

it("reads ids, versions and expectations, and makes up what is left out", async () => {
  const first = await fileOf(
    '{"instances":[{"a":1}]}\r\n\n{"request_id":"x","body":null,"version":"v0"}',
    "v 1!.jsonl",
  );
  const second = await fileOf('{"instances":[],"expect":{"status":400}}\n', "v2.jsonl");
  expect(await surveyRequests([first, second])).toEqual({ requests: 3, versions: ["v-1-", "v0", "v2"] });
  expect(await read([first, second])).toEqual([
    { id: "v-1--line-1", version: "v-1-", body: '{"instances":[{"a":1}]}' },
    { id: "x", version: "v0", body: "null" },
    { id: "v2-line-1", version: "v2", body: '{"instances":[]}', expect: { status: 400 } },
  ]);
  expect((await read([second]))[0]?.id).toBe("line-1");
});

it("sends numbers and names on as they were written", async () => {
  const instances = '[{"flight":9007199254740993,"x":-12345678901234567890,"__proto__":{"a":1},"y":1.5}]';
  const [request] = await read([await fileOf(`{"instances":${instances}}`)]);
  expect(request?.body).toBe(`{"instances":${instances}}`);
  expect(({} as { a?: unknown }).a).toBeUndefined();
});

it("says all that is wrong at once, by file and line, ten at most", async () => {
  const bad = '{"request_id":"a","instances":[]}\n{\n{"request_id":"a","instances":[]}\n{"instances":1}\n';
  expect(await refusal(bad)).toMatch(
    /requests\.jsonl, line 2: not JSON[\s\S]*line 3: the request_id "a" was there before \(requests\.jsonl, line 1\)[\s\S]*line 4: instances: /,
  );
  expect(await refusal("{\n".repeat(5_000))).toMatch(/line 10:[^\n]*\n {2}- and 4990 more$/);
});

it("refuses one id in two files, and a file with nothing in it", async () => {
  const line = '{"request_id":"a","instances":[]}\n';
  const paths = [
    await fileOf(line, "v1.jsonl"),
    await fileOf(line, "v2.jsonl"),
    await fileOf("", "v3.jsonl"),
  ];
  await expect(surveyRequests(paths)).rejects.toThrow(
    /v2\.jsonl, line 1: .*v1\.jsonl, line 1[\s\S]*v3\.jsonl: there is no request/,
  );
});

it.each([
  ["bytes that are no text", Buffer.from([0x22, 0xff, 0x22]), /line 1: not JSON/],
  ["a number that is none", '{"instances":[NaN]}', /line 1: not JSON/],
  ["an unknown key", '{"instances":[],"expcet":{}}', /expcet/],
  ["an expectation of nothing", '{"instances":[],"expect":{}}', /expect: says neither/],
  ["a status that is none", '{"instances":[],"expect":{"status":99}}', /expect\.status/],
  ["both instances and a body", '{"instances":[],"body":{}}', /either `instances` or/],
  ["an id with a blank", '{"instances":[],"request_id":"a b"}', /request_id: expected 1 to 200 printable/],
  ["a version that is a path", '{"instances":[],"version":"../v1"}', /version: expected/],
  ["a list", "[]", /line 1: /],
])("refuses %s", async (_, content, message) => {
  expect(await refusal(content)).toMatch(message);
});

it("says when a file changed after it was checked", async () => {
  await expect(read([await fileOf("{")])).rejects.toThrow(/has changed since/);
});

it("never fails with anything but one clear error", async () => {
  const key = fc.constantFrom("request_id", "instances", "body", "version", "expect", "__proto__");
  const line = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.dictionary(key, fc.jsonValue({ maxDepth: 3 })).map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
      const outcome = await surveyRequests([await fileOf(lines.join("\n"))]).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(UserError);
    }),
    { numRuns: 30 },
  );
});
