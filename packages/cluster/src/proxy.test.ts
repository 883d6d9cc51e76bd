import { createServer } from "node:http";
import { type AddressInfo, connect as open } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApi } from "./api.ts";
import { proxyFor } from "./proxy.ts";
import { configMap, type FakeApi, json, startFakeApi } from "./testing/fake-api.ts";

describe("the proxy to a server", () => {
  const server = "https://api.corp.example:6443";
  it.each([
    [server, undefined, {}, undefined],
    [server, undefined, { HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
    [server, undefined, { HTTPS_PROXY: "p:1", https_proxy: "http://q:1" }, "http://q:1/"],
    [server, undefined, { HTTPS_PROXY: "p:1" }, "http://p:1/"],
    [server, "http://own:1", { HTTPS_PROXY: "http://p:1", NO_PROXY: "*" }, "http://own:1/"],
    [server, undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY: "corp.example" }, undefined],
    [server, undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY: "other, .corp.example:6443" }, undefined],
    [server, undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY: "corp.example:443" }, "http://p:1/"],
    ["https://10.1.2.3", undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY: "10.0.0.0/8" }, undefined],
    [
      "https://10.1.2.3",
      undefined,
      { HTTPS_PROXY: "http://p:1", NO_PROXY: "10.0.0.0/99,172.16.0.0/12" },
      "http://p:1/",
    ],
    [
      "https://[fd00::1]:6443",
      undefined,
      { HTTPS_PROXY: "http://p:1", NO_PROXY: "[fd00::1]:6443" },
      undefined,
    ],
    ["https://127.0.0.1:6443", undefined, { HTTPS_PROXY: "http://p:1" }, undefined],
    ["http://127.0.0.1:8001", undefined, { HTTP_PROXY: "http://p:1" }, undefined],
  ])("%s with proxy-url %s in %o is %s", (url, own, environment, expected) => {
    expect(proxyFor(url, own, environment)).toBe(expected);
  });

  it.each(["socks5://p:1", "http://", "http://u:%zz@p:1", "http://u:s3cret%0d%0ax@p:1"])(
    "is refused, without its words: %s",
    (url) => {
      expect(() => proxyFor(server, url, {})).toThrow(
        /`proxy-url` in the kubeconfig holds no URL of an HTTP proxy/,
      );
      expect(() => proxyFor(server, undefined, { HTTPS_PROXY: url })).toThrow(
        /^(?!.*s3cret)the variable HTTPS_PROXY/,
      );
    },
  );
});

describe("requests through a proxy", () => {
  let fake: FakeApi;
  beforeAll(async () => {
    fake = await startFakeApi();
  });
  afterAll(() => fake.close());

  const withProxy = async (
    work: (url: string, asked: { target: string; login: string }[]) => Promise<void>,
  ) => {
    const asked: { target: string; login: string }[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket) => {
      const login = request.headers["proxy-authorization"] ?? "";
      asked.push({ target: request.url ?? "", login });
      if (login !== `Basic ${Buffer.from("user:s3cret").toString("base64")}`) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
      }
      const [host, port] = (request.url ?? "").split(":");
      const onward = open(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy());
      onward.pipe(socket).pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    try {
      await work(`127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  };
  const ref = { apiVersion: "v1", kind: "ConfigMap", name: "a" };
  const through = (proxy: string) =>
    openApi(
      { ...fake.connection, credentials: async () => ({ headers: {}, ca: fake.ca, proxy }) },
      { patienceMs: 2_000 },
    );

  it("reach the server, with the proxy's credentials", async () => {
    fake.otherwise = json(200, configMap("a"));
    await withProxy(async (address, asked) => {
      expect((await through(`http://user:s3cret@${address}`).get(ref))?.metadata.name).toBe("a");
      expect(asked[0]?.target).toBe(new URL(fake.url).host);
    });
  });

  it("are told at once that the proxy wants credentials, without those that were given", async () => {
    await withProxy(async (address, asked) => {
      const error = await through(`http://user:wr0ng@${address}`)
        .get(ref)
        .catch((reason: Error) => reason);
      expect(error).toMatchObject({
        code: "unreachable",
        remedy: expect.stringContaining("user name and password"),
      });
      expect(String(error)).not.toContain("wr0ng");
      expect(asked).toHaveLength(1);
    });
  });
});
