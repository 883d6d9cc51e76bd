/** The answers of both sides to the same requests, joined by request id. */
import type { Prediction } from "@ml-actions/rollout/targets/index";

export interface Answer {
  outputs: (number | number[] | null)[];
  ms: number;
}

export interface Pair {
  id: string;
  stable: Answer;
  candidate: Answer;
}

export interface Pairs {
  pairs: Pair[];
  /** Answered by stable alone, although the request was copied: the candidate failed, or its copy was dropped. */
  unmatched: number;
  /** Ids that came more than once, so that nobody can say which answers belong together. */
  ambiguous: number;
}

/** @param from answers before this moment (ms since 1970) belong to an earlier time */
export async function pairUp(
  stable: AsyncIterable<Prediction>,
  candidate: AsyncIterable<Prediction>,
  from: number,
): Promise<Pairs> {
  const theirs = await byId(candidate, from);
  const ours = await byId(stable, from);
  const pairs: Pair[] = [];
  let unmatched = 0;
  let ambiguous = 0;
  for (const [id, answer] of ours) {
    const other = theirs.get(id);
    if (answer === null || other === null) ambiguous += 1;
    else if (other === undefined) unmatched += 1;
    else if (answer.input !== other.input) ambiguous += 1;
    else pairs.push({ id, stable: answer, candidate: other });
  }
  return { pairs, unmatched, ambiguous };
}

/** null for an id that came twice. */
async function byId(predictions: AsyncIterable<Prediction>, from: number) {
  const answers = new Map<string, (Answer & { input: string }) | null>();
  for await (const { at, request_id: id, outputs, ms, input } of predictions) {
    if (at >= from) answers.set(id, answers.has(id) ? null : { outputs, ms, input });
  }
  return answers;
}
