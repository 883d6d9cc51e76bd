/** Which rollouts of this step are not yet at their end: `post` looks after those. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import type { Place } from "../../place.ts";

const key = "open";

export class Open {
  readonly #context: Pick<ActionContext<never>, "remember">;
  readonly #resources: Set<string>;

  constructor(context: Pick<ActionContext<never>, "remember">, places: readonly Place[]) {
    this.#context = context;
    this.#resources = new Set(places.map(({ resource }) => resource));
    this.#write();
  }

  /** It came to its end; how does not matter. */
  close({ resource }: Place): void {
    this.#resources.delete(resource);
    this.#write();
  }

  #write(): void {
    this.#context.remember(key, JSON.stringify([...this.#resources]));
  }
}

/** The resources that `main` left open: written by `Open` alone. */
export function leftOpen(context: Pick<ActionContext<never>, "recall">): string[] {
  return JSON.parse(context.recall(key) ?? "[]") as string[];
}
