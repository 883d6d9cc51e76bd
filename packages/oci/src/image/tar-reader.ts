/**
 * Reads a tar whose author may lie. A reader of our own, because every library is lenient somewhere: tar-stream reads on
 * beyond the end of the archive, where container runtimes stop, so that what is verified would not be what runs. Here,
 * what two readers could take differently is refused. Formats: ustar and pax (POSIX.1-2001, "pax Interchange Format"),
 * and GNU's long names.
 */
import { OciError } from "../errors.ts";

export interface ReadEntry {
  /** As it is written, unchecked. */
  path: string;
  type: "file" | "directory" | "other";
  sizeBytes: number;
  /** May be left unread, wholly or in part. */
  content: AsyncIterable<Uint8Array>;
}

const block = 512;
/** Paths, owners, times and attributes of one file. */
const mostHeaderBytes = 1 << 20;
/** Hard and symbolic links, devices, folders, pipes: they have no content. */
const withoutContent = "123456";

/** The entries, in their order; each is valid until the next is asked for. Reads to the end of the stream, beyond that of
 * the archive, so that the stream's own check of its digest takes place. Throws `OciError` code `image`. */
export async function* entriesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry> {
  const bytes = new Bytes(content);
  try {
    let extended: Extended = {};
    while (true) {
      const header = await bytes.take(block, { orEnd: true });
      if (header === null) {
        if (Object.keys(extended).length > 0) throw refused("it ends too early");
        return;
      }
      if (isZero(header)) {
        const second = await bytes.take(block, { orEnd: true });
        if (second !== null && !isZero(second)) throw refused("it goes on after a block of zeros");
        await bytes.skip(Number.POSITIVE_INFINITY);
        return;
      }
      const fields = headerFields(header);
      if (fields.flag === "x" || fields.flag === "g" || fields.flag === "L" || fields.flag === "K") {
        if (fields.sizeBytes > mostHeaderBytes) throw refused(`it has a header of ${fields.sizeBytes} bytes`);
        const data = (await bytes.take(fields.sizeBytes)) as Uint8Array;
        await bytes.skip(padding(fields.sizeBytes));
        extended = extendedBy(extended, fields.flag, data);
        continue;
      }
      const { entry, end } = entryOf(fields, extended, bytes);
      extended = {};
      yield entry;
      await bytes.skip(end - bytes.position);
    }
  } finally {
    await bytes.close();
  }
}

/** What headers before it say of the next entry. */
interface Extended {
  path?: string;
  linked?: boolean;
  sizeBytes?: number;
}

interface Fields {
  path: string;
  flag: string;
  sizeBytes: number;
}

function entryOf(fields: Fields, extended: Extended, bytes: Bytes): { entry: ReadEntry; end: number } {
  const path = extended.path ?? fields.path;
  const sizeBytes = extended.sizeBytes ?? fields.sizeBytes;
  if (withoutContent.includes(fields.flag) && sizeBytes !== 0) {
    throw refused(`${shown(path)} is a link or folder and has ${sizeBytes} bytes`);
  }
  const start = bytes.position;
  const content = async function* () {
    while (bytes.position < start + sizeBytes) yield await bytes.some(start + sizeBytes - bytes.position);
  };
  const type =
    fields.flag === "5" ? "directory" : fields.flag === "0" && !path.endsWith("/") ? "file" : "other";
  return {
    entry: { path, type, sizeBytes, content: { [Symbol.asyncIterator]: content } },
    end: start + sizeBytes + padding(sizeBytes),
  };
}

const padding = (sizeBytes: number): number => (block - (sizeBytes % block)) % block;

function headerFields(header: Uint8Array): Fields {
  const latin = Buffer.from(header).toString("latin1");
  const stored = octal(latin.slice(148, 156));
  let sum = 8 * 0x20;
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte;
  if (stored !== sum) throw refused("a header's checksum is wrong");
  const magic = latin.slice(257, 263);
  if (magic !== "ustar\0" && magic !== "ustar ") throw refused("it is neither ustar nor pax nor GNU tar");
  const text = (from: number, length: number) => {
    const field = Buffer.from(header.subarray(from, from + length));
    const end = field.indexOf(0);
    return field.subarray(0, end === -1 ? length : end).toString("utf8");
  };
  const name = text(0, 100);
  // GNU keeps times where ustar has the prefix.
  const prefix = magic === "ustar\0" ? text(345, 155) : "";
  const written = latin[156] === "\0" ? "0" : (latin[156] as string);
  if (written === "S") throw refused("it holds a sparse file");
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    flag: written,
    sizeBytes: octal(latin.slice(124, 136)),
  };
}

/** Digits, padded with spaces before and spaces or NULs after. GNU's binary numbers are for 8 GiB and more. */
function octal(field: string): number {
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field)?.[1];
  if (digits === undefined) throw refused("a header holds a number that is not octal");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function extendedBy(extended: Extended, flag: string, data: Uint8Array): Extended {
  if (flag === "L" || flag === "K") {
    const text = Buffer.from(data).toString("utf8").replace(/\0.*$/s, "");
    if ((flag === "L" && extended.path !== undefined) || (flag === "K" && extended.linked)) {
      throw refused("an entry has two names");
    }
    return flag === "L" ? { ...extended, path: text } : { ...extended, linked: true };
  }
  const records = paxRecords(data);
  for (const key of records.keys())
    if (key.startsWith("GNU.sparse.")) throw refused("it holds a sparse file");
  const path = records.get("path");
  const size = records.get("size");
  if (flag === "g") {
    if (path !== undefined || size !== undefined || records.has("linkpath")) {
      throw refused("it names all its entries at once");
    }
    return extended;
  }
  if (Object.keys(extended).length > 0) throw refused("an entry has two headers");
  if (path?.includes("\0")) throw refused("a path holds a NUL");
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw refused(`a size is ${shown(size)}`);
  return {
    ...(path !== undefined && { path }),
    ...(size !== undefined && { sizeBytes: Number(size) }),
    linked: true,
  };
}

/** `<length> <key>=<value>\n`, one after another; the length counts the whole record. */
function paxRecords(data: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  let rest = Buffer.from(data);
  while (rest.byteLength > 0) {
    const [written = ""] = /^[1-9]\d{0,7}(?= )/.exec(rest.subarray(0, 9).toString("latin1")) ?? [];
    const length = Number(written);
    const record = rest.subarray(written.length + 1, length - 1);
    const equals = record.indexOf("=");
    if (written === "" || length > rest.byteLength || rest[length - 1] !== 0x0a || equals < 1) {
      throw refused("a pax header cannot be read");
    }
    const key = record.subarray(0, equals).toString("utf8");
    if (records.has(key)) throw refused(`a pax header says ${shown(key)} twice`);
    records.set(key, record.subarray(equals + 1).toString("utf8"));
    rest = rest.subarray(length);
  }
  return records;
}

const isZero = (header: Uint8Array): boolean => header.every((byte) => byte === 0);

const shown = (text: string): string => JSON.stringify(text.slice(0, 200));

function refused(why: string): OciError {
  return new OciError("image", `a layer is no tar that every reader takes alike: ${why}`, {
    remedy: "Build the image anew, with the build action or with Docker.",
  });
}

/** A stream read by count. */
class Bytes {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes given so far. */
  position = 0;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#chunks = content[Symbol.asyncIterator]();
  }

  /** Exactly so many; null when the stream ends before the first and that is allowed. */
  async take(count: number, { orEnd = false } = {}): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0; ) {
      if (!(await this.#fill())) {
        if (orEnd && missing === count) return null;
        throw refused("it ends too early");
      }
      const part = this.#give(missing);
      parts.push(part);
      missing -= part.byteLength;
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  /** At least one byte and at most `most`. */
  async some(most: number): Promise<Uint8Array> {
    if (await this.#fill()) return this.#give(most);
    throw refused("it ends too early");
  }

  /** Infinity: to the end. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      if (!(await this.#fill())) {
        if (left === Number.POSITIVE_INFINITY) return;
        throw refused("it ends too early");
      }
      left -= this.#give(left).byteLength;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.byteLength === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      this.#rest = value;
    }
    return true;
  }

  #give(most: number): Uint8Array {
    const given = this.#rest.subarray(0, Math.min(most, this.#rest.byteLength));
    this.#rest = this.#rest.subarray(given.byteLength);
    this.position += given.byteLength;
    return given;
  }
}
