import type { ActionDefinition } from "@ml-actions/action-kit";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { definition } from "../../../test/runner/sample/actions/sample/src/definition.ts";
import { deliverySchema, inputsSchema } from "./schemas.ts";

const sample = definition as unknown as ActionDefinition;
const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false, allErrors: true });
const delivery = ajv.compile(deliverySchema([sample]));
const inputs = ajv.compile(inputsSchema(sample));
const parses = (name: string, value: unknown) =>
  (sample.inputs.shape[name] as import("zod").ZodType).safeParse(value).success;

describe("the JSON Schema of delivery.yaml", () => {
  it("accepts what the action accepts", () => {
    const section = {
      behaviour: "succeed",
      confidence: 0.9,
      count: 5,
      wait: "59m30s",
      steps: [10, 50, 100],
      columns: ["a", "b"],
      rules: "x <= 1\ny >= 2",
      loud: true,
    };
    for (const [name, value] of Object.entries(section)) expect(parses(name, value), name).toBe(true);
    expect(delivery({ sample: section, "x-shared": [1] }), JSON.stringify(delivery.errors)).toBe(true);
  });

  it.each([
    ["behaviour", "suceed"],
    ["confidence", 0.3],
    ["confidence", "high"],
    ["count", 1.5],
    ["count", -1],
    ["wait", "90"],
    ["wait", 90],
    ["wait", true],
    ["loud", "yes"],
    ["columns", []],
    ["steps", { a: 1 }],
  ])("refuses %s: %j, as the action does", (name, value) => {
    expect(parses(name, value)).toBe(false);
    expect(delivery({ sample: { [name]: value } })).toBe(false);
  });

  it("knows no other keys, and no secrets", () => {
    for (const wrong of [
      { sampel: {} },
      { sample: { cuont: 1 } },
      { sample: { token: "x" } },
      { sample: { config: "x" } },
    ]) {
      expect(delivery(wrong)).toBe(false);
    }
    expect(deliverySchema([{ ...sample, readsConfig: false }]).properties).toEqual({});
  });
});

describe("the JSON Schema of an action's inputs", () => {
  it("takes texts, as a workflow gives them", () => {
    expect(
      inputs({ behaviour: "succeed", confidence: "0.9", wait: "10m", steps: "10, 100", loud: "true" }),
    ).toBe(true);
    expect(inputs({ behaviour: "succeed", unknown: "x" })).toBe(false);
  });

  it("holds description and default, marks secrets, and asks for what is required when no file may hold it", () => {
    const { properties } = inputsSchema(sample) as { properties: Record<string, object> };
    expect(properties.wait).toMatchObject({ description: "How long", default: "10m" });
    expect(properties.token).toMatchObject({ writeOnly: true });
    expect(properties.token).not.toHaveProperty("secret");
    expect(inputsSchema({ ...sample, readsConfig: false }).required).toEqual(["behaviour"]);
    expect(inputsSchema(sample).required).toBeUndefined();
  });
});
