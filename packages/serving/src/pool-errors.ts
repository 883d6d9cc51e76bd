/** The ways in which the pool itself, and not the model, fails a request. */
import { ServingError } from "./errors.ts";

export const stopped = () =>
  new ServingError("stopped", "the pool is being stopped", { remedy: "Ask another server." });

export const overloaded = (why: string) =>
  new ServingError("overloaded", why, { remedy: "Try again in a second." });

export const unavailable = (cause: Error) =>
  new ServingError("unavailable", `no inference process can be started: ${cause.message}`, {
    cause,
    remedy: "remedy" in cause ? String(cause.remedy) : "Look for the cause in the server's log.",
  });

export const wrongWidth = (actual: number, expected: number) =>
  new ServingError("inference", `the model answered with ${actual} numbers a row instead of ${expected}`, {
    remedy: "Give the model's output a fixed number of columns.",
  });
