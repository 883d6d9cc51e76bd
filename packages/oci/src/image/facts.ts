/** What goes into labels and annotations is shown by registries and read by policies: it is checked before it is. */
import { OciError } from "../errors.ts";
import type { ImageFacts } from "./config.ts";

const longest = 500;

/** Throws `OciError` code `image` with every fact that is empty, too long or more than a line. */
export function checkFacts(facts: ImageFacts): void {
  const problems = Object.entries(facts).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (value === "") return [`${name} is empty`];
    if (value.length > longest) return [`${name} has ${value.length} characters; ${longest} is the most`];
    if (/\p{Cc}/u.test(value))
      return [`${name} holds control characters (${JSON.stringify(value.slice(0, 100))})`];
    return [];
  });
  if (problems.length === 0) return;
  throw new OciError("image", `an image cannot be labelled so: ${problems.join("; ")}`, {
    remedy: "Give each on one line.",
  });
}
