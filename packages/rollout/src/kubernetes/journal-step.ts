/** The last step, in an annotation of the user's own object: seen where people look first. */
import type { Api, ObjectRef } from "@ml-actions/cluster/types";
import { stepText } from "../resume.ts";
import type { JournalEntry } from "../target.ts";

export const stepAnnotation = "ml-actions.github.io/step";

export class LastStep {
  readonly #api: Api;
  readonly #onTrouble: (message: string) => void;
  #ref: ObjectRef | null;

  constructor(api: Api, ref: ObjectRef | null, onTrouble: (message: string) => void) {
    this.#api = api;
    this.#ref = ref;
    this.#onTrouble = onTrouble;
  }

  /** Never rejects: the journal has it. After the first refusal it is left alone. */
  async show({ step, rollout, at }: JournalEntry): Promise<void> {
    if (this.#ref === null) return;
    const text = `${stepText(step)} (rollout ${rollout}, ${new Date(at).toISOString()})`;
    try {
      await this.#api.merge(this.#ref, { metadata: { annotations: { [stepAnnotation]: text } } });
    } catch (error) {
      this.#onTrouble(
        `the last step is not shown on ${this.#ref.kind} ${this.#ref.name}: ${(error as Error).message}`,
      );
      this.#ref = null;
    }
  }
}
