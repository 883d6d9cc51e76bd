/** Carries out what was asked for, each thing by itself: one that fails keeps none of the others from being done. */
import type { Claim, Cooldown } from "./cooldown.ts";
import { type Act, acts, nameOf } from "./responses.ts";

/** Does it, and says in one sentence what was done. `done`: what others did before. */
export type Doing = (done: readonly string[]) => Promise<string>;

export interface Outcome {
  /** One sentence each: what was done, what was not and why. */
  said: string[];
  failures: Error[];
}

interface Ports {
  cooldown: Cooldown;
  signal: AbortSignal;
  warn(message: string): void;
}

export async function respond(doings: Partial<Record<Act, Doing>>, ports: Ports): Promise<Outcome> {
  const outcome: Outcome = { said: [], failures: [] };
  for (const act of acts) {
    const doing = doings[act];
    if (doing === undefined) continue;
    ports.signal.throwIfAborted();
    const claim = await claimed(act, ports);
    if (!claim.granted) {
      const until = new Date(claim.until)
        .toISOString()
        .replace(/:\d\d\.\d+Z$/, " UTC")
        .replace("T", " ");
      outcome.said.push(`no ${nameOf[act]}: cooldown until ${until}, after that of ${claim.by}`);
      continue;
    }
    await carryOut(act, () => doing(outcome.said), ports, outcome);
  }
  return outcome;
}

async function carryOut(
  act: Act,
  doing: () => Promise<string>,
  ports: Ports,
  outcome: Outcome,
): Promise<void> {
  const { cooldown, signal } = ports;
  try {
    outcome.said.push(await doing());
    await cooldown.confirm(act).catch(unwritten(act, ports));
  } catch (error) {
    await cooldown.giveUp(act).catch(unwritten(act, ports));
    signal.throwIfAborted();
    const failure = error instanceof Error ? error : new Error(String(error));
    outcome.said.push(`the ${nameOf[act]} failed: ${failure.message}`);
    outcome.failures.push(failure);
  }
}

/** Where the state cannot be had, it is done: an alert too many is better than silence. */
async function claimed(act: Act, ports: Ports): Promise<Claim> {
  return ports.cooldown.claim(act).catch((error: Error) => {
    unwritten(act, ports)(error);
    return { granted: true };
  });
}

const unwritten =
  (act: Act, { warn }: Ports) =>
  (error: Error) =>
    warn(`The cooldown after the ${nameOf[act]} could not be kept (\`state\`): ${error.message}`);
