import { basename } from "node:path";
import { DatasetError } from "./error.ts";
import { csv } from "./formats/csv.ts";
import { jsonl } from "./formats/jsonl.ts";
import { parquet } from "./formats/parquet.ts";
import { quote } from "./quote.ts";
import type { Reader } from "./reader.ts";
import type { Source } from "./source.ts";

/** Every format there is. Names, extensions, the contract tests and the documentation derive from this. */
const registry = { csv, parquet, jsonl };

export type FormatName = keyof typeof registry;

export const formats: Record<FormatName, Reader> = registry;

export const formatNames = Object.keys(formats) as FormatName[];

/**
 * The format of a file: as asked for, else by the end of its name, else by its first bytes. Contents that
 * contradict the name are an error, an unknown file too; nothing is guessed.
 */
export function chooseFormat(source: Source, asked?: FormatName): FormatName {
  if (asked !== undefined) {
    if (Object.hasOwn(formats, asked)) return asked;
    throw unknown(`the format ${quote(String(asked))} is unknown`);
  }
  const name = basename(source.path).toLowerCase();
  const byName = formatNames.find((format) => formats[format].extensions.some((end) => name.endsWith(end)));
  const byBytes = formatNames.find((format) => startsWith(source.head, formats[format].magic));
  if (byName !== undefined && byBytes !== undefined && byName !== byBytes) {
    throw unknown(
      `the dataset ${source.shown} is named like ${byName}, but its first bytes are those of ${byBytes}`,
    );
  }
  const found = byName ?? byBytes;
  if (found === undefined) throw unknown(`the format of the dataset ${source.shown} is unknown`);
  return found;
}

function startsWith(head: Buffer, magic: string | undefined): boolean {
  return magic !== undefined && head.toString("latin1") === magic;
}

function unknown(message: string): DatasetError {
  const known = formatNames.map((format) => `${format} (${formats[format].extensions.join(", ")})`);
  return new DatasetError("unknown-format", message, {
    remedy: `Supported are ${known.join(", ")}: let the file's name end so, or name the format.`,
  });
}
