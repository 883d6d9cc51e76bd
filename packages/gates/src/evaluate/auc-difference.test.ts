import { expect, it } from "vitest";
import { type Evaluation, evaluate } from "../evaluate.ts";
import { classifiers } from "./models.testing.ts";
import { usual } from "./verdicts.testing.ts";

it("the difference of AUCs needs a baseline's scores, labels of both classes, and scores that are numbers", () => {
  const models = classifiers(300, 1);
  const without = (change: Partial<Evaluation>) =>
    evaluate([], { ...models, ...change }, usual).aucDifference;
  const { candidate, baseline } = evaluate([], models, usual);
  expect(without({})?.value).toBe((candidate.auc as number) - (baseline?.auc as number));
  expect(without({ baseline: { metrics: { auc: 0.6 } } })).toBeNull();
  expect(without({ task: "regression" })).toBeNull();
  expect(without({ labels: new Float64Array(300) })).toBeNull();
  expect(without({ labels: models.labels.with(3, Number.NaN) })).toBeNull();
  expect(without({ candidate: models.candidate.with(3, Number.NaN) })).toBeNull();
});
