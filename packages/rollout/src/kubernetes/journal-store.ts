/** The ConfigMap in the cluster. Whoever writes it was shown what it replaces, and holds the lease while it writes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { type Book, emptyBook, readBook, salvageBook, writeBook } from "./journal-book.ts";
import { contended, hasChanged } from "./lease-store.ts";
import { ours } from "./ledger-names.ts";

const maxAttempts = 30;
const betweenAttemptsMs = 30;

export interface JournalStoreOptions {
  api: Api;
  ref: ObjectRef;
  resource: string;
  /** Reads what can be read where the content is not ours, and says what cannot. */
  salvage?: boolean;
  onTrouble: (message: string) => void;
}

export class JournalStore {
  readonly #options: JournalStoreOptions;
  /** As last read or written here. The ConfigMap that somebody deletes in the middle is made again from it. */
  #known: { object: KubeObject; book: Book } | null = null;

  constructor(options: JournalStoreOptions) {
    this.#options = options;
  }

  /** `whole` is false when there is nothing (`missing`), or parts of it cannot be read.
   * @param how `known`: as it was last read or written here, where it was */
  async read(how: { known?: boolean } = {}): Promise<{ book: Book; whole: boolean; missing: boolean }> {
    if (how.known === true && this.#known !== null) {
      return { book: this.#known.book, whole: true, missing: false };
    }
    const { api, ref } = this.#options;
    const object = await api.get(ref);
    if (object !== null) return { ...this.#take(object), missing: false };
    return { book: this.#known?.book ?? emptyBook, whole: this.#known !== null, missing: true };
  }

  /** Writes what `decide` makes of the book, `null` for what is to stay. It is asked again whenever the ConfigMap has
   * changed in between. `fence` is asked after the book was read and before it is written: who took the lease since
   * either reads what is written here, or writes first and is noticed. */
  async change(decide: (book: Book) => Book | null, fence: () => Promise<void>): Promise<Book> {
    const { api, ref, onTrouble } = this.#options;
    let known = this.#known;
    for (let attempt = 1; ; attempt++) {
      if (known === null) {
        await this.read();
        known = this.#known;
      }
      const book = known?.book ?? emptyBook;
      const next = decide(book);
      if (next === null) return book;
      await fence();
      try {
        const written =
          known === null ? await this.#create(next) : await api.replace(withBook(known.object, next));
        return this.#take(written).book;
      } catch (error) {
        if (!hasChanged(error)) throw error;
        if (attempt >= maxAttempts) throw contended(ref, error);
        known = await this.#afterChange(onTrouble);
        await sleep(betweenAttemptsMs * Math.random());
      }
    }
  }

  /** What is there now; where there is nothing any more, it is made again as it was. */
  async #afterChange(
    onTrouble: (message: string) => void,
  ): Promise<{ object: KubeObject; book: Book } | null> {
    const { api, ref } = this.#options;
    const object = await api.get(ref);
    if (object !== null) {
      this.#take(object);
      return this.#known;
    }
    if (this.#known === null) return null;
    onTrouble(`somebody deleted ConfigMap ${ref.name}: it is made again, with journal and history`);
    this.#take(await this.#create(this.#known.book));
    return this.#known;
  }

  #create(book: Book): Promise<KubeObject> {
    const { api, ref, resource } = this.#options;
    const { apiVersion, kind, name, namespace } = ref;
    const metadata = { name, ...(namespace !== undefined && { namespace }), ...ours(resource) };
    return api.create({ apiVersion, kind, metadata, data: writeBook(book) });
  }

  #take(object: KubeObject): { book: Book; whole: boolean } {
    const { resource, salvage, onTrouble } = this.#options;
    if (salvage !== true) {
      const book = readBook(object, resource);
      this.#known = { object, book };
      return { book, whole: true };
    }
    const { book, problems } = salvageBook(object, resource);
    if (problems.length > 0) {
      onTrouble(`ConfigMap ${object.metadata.name} cannot be read: ${problems.join("; ")}`);
      return { book, whole: false };
    }
    this.#known = { object, book };
    return { book, whole: true };
  }
}

function withBook(object: KubeObject, book: Book): KubeObject {
  return { ...object, data: { ...object.data, ...writeBook(book) } };
}
