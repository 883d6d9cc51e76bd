import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBypassed } from "./no-proxy.ts";

const bypassed = (host: string, list: string) => isBypassed(new URL(`https://${host}/v2/`), list);

describe("NO_PROXY", () => {
  it.each([
    ["ghcr.io", "*"],
    ["ghcr.io", "GHCR.IO"],
    ["GHCR.io.", "ghcr.io"],
    ["ghcr.io", "a.example, ghcr.io ,b.example"],
    ["ghcr.io", "a.example ghcr.io"],
    ["ghcr.io", "ghcr.io:443"],
    ["registry.corp.example", "corp.example"],
    ["registry.corp.example", ".corp.example"],
    ["registry.corp.example", "*.corp.example"],
    ["corp.example", ".corp.example"],
    ["corp.example:5000", "corp.example:5000"],
    ["10.1.2.3", "10.1.2.3"],
    ["10.1.2.3", "10.0.0.0/8"],
    ["10.1.2.3:5000", "10.0.0.0/8:5000"],
    ["[fd00::1]", "FD00:0::1"],
    ["[fd00::1]:5000", "[fd00::1]:5000"],
    ["[fd00::1]", "fd00::/8"],
  ])("lets %s go around the proxy by %j", (host, list) => {
    expect(bypassed(host, list)).toBe(true);
  });

  it.each([
    ["ghcr.io", ""],
    ["ghcr.io", " , ,"],
    ["ghcr.io", "."],
    ["notghcr.io", "ghcr.io"],
    ["ghcr.io.evil.example", "ghcr.io"],
    ["corp.example", "registry.corp.example"],
    ["corp.example", "corp.example:5000"],
    ["corp.example:5000", "corp.example:443"],
    ["11.1.2.3", "10.0.0.0/8"],
    ["10.1.2.3", "10.0.0.0/33"],
    ["10.1.2.3", "10.0.0.0/"],
    ["10.1.2.3", "2.3"],
    ["[fd00::1]", "10.0.0.0/8"],
    ["[fd00::1]", "fd00:"],
  ])("does not let %s go around the proxy by %j", (host, list) => {
    expect(bypassed(host, list)).toBe(false);
  });

  it("is read whatever it holds", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom("ghcr.io", "10.1.2.3", "[fd00::1]"), (list, host) => {
        expect(bypassed(host, list)).toBeTypeOf("boolean");
      }),
    );
  });
});
