/** Tells events to whoever listens, without letting a fault there decide about traffic: the first error is kept until
 * the work is done, then thrown. */
export class Listener<Event> {
  readonly #onEvent: (event: Event) => void;
  #error: { cause: unknown } | null = null;

  constructor(onEvent: (event: Event) => void) {
    this.#onEvent = onEvent;
  }

  readonly hear = (event: Event): void => {
    try {
      this.#onEvent(event);
    } catch (cause) {
      this.#error ??= { cause };
    }
  };

  throwIfFailed(): void {
    if (this.#error !== null) {
      throw this.#error.cause;
    }
  }
}
