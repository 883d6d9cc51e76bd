import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pagerDutyEvent } from "./alerts/pagerduty.ts";
import { slackMessage } from "./alerts/slack.ts";
import { Cooldown } from "./cooldown.ts";
import { parseImportance } from "./importance.ts";
import { fitting, type RetrainRequest } from "./retrain.ts";
import { parseRetrainAddress } from "./retrain-address.ts";
import { alertOf } from "./testing/alert.ts";

const anyText = fc.string({ unit: "binary", maxLength: 300 });
const onlyUserErrors = (parse: () => unknown) => {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).not.toMatch(/[\r\n]/);
  }
};

describe("whatever is given", () => {
  it("is a place, weights, or one clear error", () => {
    fc.assert(fc.property(anyText, (text) => onlyUserErrors(() => parseRetrainAddress(text))));
    fc.assert(fc.property(anyText, (text) => onlyUserErrors(() => parseImportance(text))));
    fc.assert(fc.property(fc.json(), (text) => onlyUserErrors(() => parseImportance(`{"a":${text}}`))));
  });

  it("stands in the state, a claim is granted or refused", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "ml-actions-fuzz-")), "state.json");
    const options = { path, subject: "flights", cooldownMs: 1000, by: "run 1", warn: () => {} };
    const almost = fc.record(
      {
        schema: fc.constant("ml-actions/drift-state/v1"),
        acts: fc.array(
          fc.record(
            {
              act: fc.constantFrom("slack", "retrain", "page"),
              subject: fc.constantFrom("flights", "__proto__"),
              at: fc.oneof(fc.date({ noInvalidDate: true }).map(String), fc.constant("2026-01-01T00:00:00Z")),
              done: fc.boolean(),
              by: anyText,
            },
            { requiredKeys: ["act", "at"] },
          ),
        ),
      },
      { requiredKeys: [] },
    );
    const state = fc.oneof(
      anyText,
      almost.map((value) => JSON.stringify(value)),
    );
    const claim = async (text: string) => {
      writeFileSync(path, text);
      expect((await new Cooldown(options).claim("slack")).granted).toBeTypeOf("boolean");
    };
    await fc.assert(fc.asyncProperty(state, claim));
  });

  it("is in an alert or a request, they stay within what their receivers take", () => {
    const names = fc.array(fc.string({ unit: "binary", maxLength: 2000 }), { maxLength: 60 });
    const [one] = alertOf().drifted;
    fc.assert(
      fc.property(names, anyText, (features, headline) => {
        const drifted = features.map((feature) => ({ ...(one as NonNullable<typeof one>), feature }));
        const alert = alertOf({ drifted, headline, subject: headline, done: features });
        const { text, blocks } = slackMessage(alert);
        expect(text).not.toMatch(/[<>\r\n]/);
        expect(JSON.stringify(blocks).length).toBeLessThan(12_000);
        expect(JSON.stringify(pagerDutyEvent(alert)).length).toBeLessThan(512_000);
        const request = { subject: headline, failed_gates: [], drifted } as unknown as RetrainRequest;
        expect(JSON.stringify(JSON.stringify(fitting(request))).length).toBeLessThan(65_535);
      }),
      { numRuns: 50 },
    );
  });
});
