/** What is simulated: candidates that are worse, and releases that are as good as stable in a world with troubles. */
import type { ContenderName } from "./contenders.ts";
import { type Scenario, usual } from "./world.ts";

const steady =
  (rate: number, errors = usual.errors, stableErrors = usual.errors): Scenario =>
  () => ({
    rate,
    stable: { ...usual, errors: stableErrors },
    candidate: { ...usual, errors },
    blind: false,
  });

/** A trouble that begins in the first minute, so that every contender meets it. */
const during = (seconds: number, second: number, begin: number) =>
  second >= 60 * begin && second < 60 * begin + seconds;

const shared =
  (seconds: number, errors: number): Scenario =>
  (second, begin) => {
    const behaviour = during(seconds, second, begin) ? { ...usual, errors } : usual;
    return { rate: 50, stable: behaviour, candidate: behaviour, blind: false };
  };

const unseen =
  (seconds: number): Scenario =>
  (second, begin) => ({ ...steady(50)(second, begin), blind: during(seconds, second, begin) });

/** All of five minutes' requests in the fifth. */
const bursts: Scenario = (second, begin) => ({
  ...steady(50)(second, begin),
  rate: (second + 300 * begin) % 300 < 60 ? 250 : 0,
});

export const names: readonly ContenderName[] = [
  "tutorial",
  "readme",
  "example",
  "argo",
  "ours",
  "oursAsTutorial",
  "oursAsExample",
  "fromHalf",
  "refute",
  "hasty",
];

export interface Cell {
  name: string;
  scenario: Scenario;
}

export interface BadCell extends Cell {
  rate: number;
  errors: number;
}

/** By share of the candidate's requests that fail, and requests a second. */
export const bad: readonly BadCell[] = [500, 50, 5, 0.5].flatMap((rate) =>
  [0.05, 0.2, 1].map((errors) => ({
    name: `fails ${100 * errors} %, ${rate} requests/s`,
    scenario: steady(rate, errors),
    rate,
    errors,
  })),
);

export const good: readonly Cell[] = [
  { name: "500 requests/s", scenario: steady(500) },
  { name: "50 requests/s", scenario: steady(50) },
  { name: "5 requests/s", scenario: steady(5) },
  { name: "bursts: 250 requests/s in one minute of five, else none", scenario: bursts },
  { name: "both fail 30 % for a minute", scenario: shared(60, 0.3) },
  { name: "both fail 3 % for ten minutes", scenario: shared(600, 0.03) },
  { name: "both always fail 1.5 %", scenario: steady(50, 0.015, 0.015) },
  { name: "no metrics for 5 minutes", scenario: unseen(300) },
  { name: "no metrics for 15 minutes", scenario: unseen(900) },
  { name: "0.5 requests/s", scenario: steady(0.5) },
];
