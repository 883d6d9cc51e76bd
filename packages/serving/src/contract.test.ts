import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Contract } from "./contract.ts";
import { ServingError } from "./errors.ts";
import { contractBeside, loadContract, parseContract } from "./load-contract.ts";
import { testContract } from "./testing/models.ts";

let sound: Contract;
beforeAll(async () => {
  sound = await testContract("mixed");
});

type Draft = ReturnType<typeof draft>;
// biome-ignore lint/suspicious/noExplicitAny: a draft of a contract is broken on purpose, in ways its type forbids
const draft = (): any => structuredClone(sound);

function refusal(change: (contract: Draft) => void): string {
  const broken = draft();
  change(broken);
  try {
    parseContract(JSON.stringify(broken), "broken.contract.json");
  } catch (error) {
    expect(error).toBeInstanceOf(ServingError);
    return (error as Error).message;
  }
  return "taken";
}

describe("a contract", () => {
  it("is taken when it is sound", () => {
    expect(refusal(() => {})).toBe("taken");
  });

  it("lies beside its model", () => {
    expect(contractBeside("models/flights-2.onnx")).toBe("models/flights-2.contract.json");
    expect(contractBeside("flights.v2.ONNX")).toBe("flights.v2.contract.json");
  });

  it.each<[string, (contract: Draft) => void, string]>([
    [
      "the same feature twice",
      (c) => c.features.push(c.features[0]),
      'features[7].name: "flight" is the name',
    ],
    [
      "an unknown feature in an input",
      (c) => c.inputs[5].features.push("distanse"),
      'did you mean "distance"?',
    ],
    [
      "a feature twice in an input",
      (c) => c.inputs[5].features.push("distance"),
      '"distance" is listed twice',
    ],
    ["a feature that no input takes", (c) => c.inputs.pop(), '"distance" is fed to no input'],
    ["the same input twice", (c) => c.inputs.push(c.inputs[0]), "inputs[6].name"],
    ["a string for a float input", (c) => (c.inputs[3].datatype = "float32"), "does not fit a float32 input"],
    ["a number for an int64 input", (c) => (c.inputs[5].datatype = "int64"), "does not fit a int64 input"],
    ["an optional integer", (c) => (c.features[0].optional = true), "cannot be missing in a int64 input"],
    [
      "a minimum above the maximum",
      (c) => (c.features[1].minimum = 1000),
      "features[1].minimum: 1000 is above",
    ],
    ["a range of a string", (c) => (c.features[3].minimum = 1), "has no meaning for a string feature"],
    ["values of a number", (c) => (c.features[6].values = ["1"]), "has no meaning for a number feature"],
    ["a value twice", (c) => c.features[3].values.push("UA"), 'lists "UA" twice'],
    ["a NUL in a value", (c) => c.features[3].values.push("U\0A"), "NUL"],
    ["classes of a regression", (c) => (c.output.classes = ["a", "b"]), "classes are for multiclass models"],
    ["a threshold of a regression", (c) => (c.threshold = 0.5), "threshold: has no meaning"],
    ["no classes of a multiclass model", (c) => (c.task = "multiclass"), "must name its classes"],
    ["a probe without a feature", (c) => delete c.probe.distance, "probe: distance: is missing"],
    ["a probe out of range", (c) => (c.probe.seat = 1000), "1000 is above the maximum 999"],
    [
      "a probe with more",
      (c) => (c.probe.dustance = 1),
      'unknown feature "dustance"; did you mean "distance"?',
    ],
    ["a field that is not known", (c) => (c.thresold = 1), "thresold: is not a field of a contract"],
    ["a newline in a name", (c) => (c.model = "a\n::error::b"), "model: must not hold control characters"],
    ["a name of every object", (c) => (c.features[0].name = "constructor"), "reserve"],
    ["another schema", (c) => (c.schema = "v2"), "schema: "],
  ])("is refused with %s", (_name, change, message) => {
    expect(refusal(change)).toContain(message);
  });

  it("says all its problems at once", () => {
    const message = refusal((c) => {
      c.features[1].minimum = 1000;
      c.inputs[3].datatype = "float32";
      c.threshold = 1;
    });
    expect(message).toContain("features[1].minimum");
    expect(message).toContain("inputs[3].features[0]");
    expect(message).toContain("threshold");
  });

  it("that is missing or no JSON is named with its path", async () => {
    await expect(loadContract("/nowhere/a.contract.json")).rejects.toThrow(
      "no contract file at /nowhere/a.contract",
    );
    await expect(loadContract(import.meta.filename)).rejects.toThrow(/contract\.test\.ts is not JSON/);
    expect(() => parseContract('{"__proto__": {"schema": 1}}', "x")).toThrow(ServingError);
  });

  it("never ends in anything but a ServingError, whatever the file holds", () => {
    const place = fc.constantFrom("features", "inputs", "output", "probe", "label", "task", "threshold");
    fc.assert(
      fc.property(place, fc.jsonValue(), (field, value) => {
        try {
          parseContract(JSON.stringify({ ...sound, [field]: value }), "fuzzed");
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
