/** Texts as codes into a dictionary: how a dataset holds them, and how many rows of them travel to a process without
 * each being a string of its own. */
export interface CodedTexts {
  /** Index into `dictionary`; −1 = missing, which a model sees as "". */
  codes: Int32Array;
  dictionary: readonly string[];
}

export function isCoded(texts: unknown): texts is CodedTexts {
  return typeof texts === "object" && texts !== null && "codes" in texts;
}

/** One string a code. */
export function decodeTexts({ codes, dictionary }: CodedTexts): string[] {
  const texts = new Array<string>(codes.length);
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] as number;
    texts[index] = code < 0 ? "" : (dictionary[code] as string);
  }
  return texts;
}

/**
 * Columns of the same rows, woven into one row-major list with a dictionary of the texts that occur in it and no others:
 * a part of a dataset must not carry the dictionary of the whole.
 *
 * @param check sees each text of a column once, with the first row (from 0) that holds it
 */
export function weaveTexts(
  columns: readonly CodedTexts[],
  rows: number,
  check: (text: string, row: number, column: number) => void,
): CodedTexts {
  const width = columns.length;
  const codes = new Int32Array(rows * width);
  // Code 0 is what is missing.
  const dictionary = [""];
  columns.forEach((column, position) => {
    const places = new Int32Array(column.dictionary.length);
    for (let row = 0, at = position; row < rows; row++, at += width) {
      const code = column.codes[row] as number;
      if (code < 0) continue;
      if (places[code] === 0) {
        const text = column.dictionary[code] as string;
        check(text, row, position);
        places[code] = dictionary.push(text) - 1;
      }
      codes[at] = places[code] as number;
    }
  });
  return { codes, dictionary };
}
