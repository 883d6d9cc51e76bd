import { createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { exchange } from "./exchange.ts";
import { agentFor, proxyFor } from "./proxy.ts";
import { Transient } from "./retries.ts";

const url = new URL("https://registry.example/v2/");
afterEach(() => vi.unstubAllEnvs());

describe("the proxy of the environment", () => {
  it("is for https: beyond this machine alone", () => {
    const environment = { HTTPS_PROXY: "http://proxy.example:3128", HTTP_PROXY: "http://proxy.example:3128" };
    expect(proxyFor(url, environment)?.shown).toBe("http://proxy.example:3128");
    for (const own of [
      "https://localhost/",
      "https://127.0.0.2/",
      "https://[::1]/",
      "http://127.0.0.1:5000/",
    ])
      expect(proxyFor(new URL(own), environment)).toBeNull();
    expect(proxyFor(url, { HTTP_PROXY: environment.HTTP_PROXY })).toBeNull();
    expect(proxyFor(url, { ...environment, no_proxy: "example" })).toBeNull();
  });

  it.each(["socks5://u:s3cret@proxy.example", "http://u:s3cret%@proxy.example", "http://", "u:s3cret@:x"])(
    "%j is refused without being told",
    (written) => {
      const read = () => proxyFor(url, { https_proxy: written });
      expect(read).toThrow(expect.objectContaining({ code: "proxy", remedy: expect.any(String) }));
      expect(read).toThrow(/https_proxy/);
      expect(read).not.toThrow(/s3cret/);
    },
  );

  it("is told of where this Node cannot use it", () => {
    const environment = { HTTPS_PROXY: "http://u:s3cret@proxy.example:3128" };
    const open = (target: URL) => () => agentFor(target, environment, new Set());
    expect(open(url)).toThrow(/HTTPS_PROXY names the proxy http:\/\/proxy.example:3128, which this Node/);
    expect(open(url)).not.toThrow(/s3cret/);
    expect(open(new URL("https://localhost/"))).not.toThrow();
  });

  it("that never answers ends in time", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = silent.address() as { port: number };
      vi.stubEnv("https_proxy", `http://u:s3cret@127.0.0.1:${port}`);
      vi.stubEnv("no_proxy", "");
      vi.stubEnv("NO_PROXY", "");
      const error = await exchange(url, { answerTimeoutMs: 200 }).catch((failure) => failure);
      expect(error).toBeInstanceOf(Transient);
      expect(error.failure.message).toBe(
        `no answer from https://registry.example/v2/ through the proxy http://127.0.0.1:${port}: no answer for 200 ms`,
      );
    } finally {
      silent.close();
    }
  });
});
