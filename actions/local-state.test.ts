import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Programs } from "@ml-actions/action-kit/action";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deployedOptions, portVariable, stateVariable } from "./local-state.ts";

const programs = {} as Programs;
const state = mkdtempSync(join(tmpdir(), "local-state-"));

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(state, { recursive: true, force: true });
});

describe("what deploy hands on to the later steps of a job", () => {
  it("keeps the ports of several resources apart", () => {
    vi.stubEnv(stateVariable, state);
    for (const [resource, port] of Object.entries({ flights: "8080", "bike-hire": "8081" })) {
      mkdirSync(join(state, resource), { recursive: true });
      writeFileSync(join(state, resource, "state.json"), "{}");
      vi.stubEnv(portVariable(resource), port);
    }
    expect(deployedOptions("flights", programs).port).toBe(8080);
    expect(deployedOptions("bike-hire", programs)).toMatchObject({
      port: 8081,
      stateDirectory: join(state, "bike-hire"),
    });
  });
});
