/** The dataset as a stream of rows, with the columns that are needed and no others. */
import { basename } from "node:path";
import {
  type DatasetSchema,
  datasetVersion,
  loadSchema,
  readBatches,
  schemaBeside,
} from "@ml-actions/datasets";
import type { Table } from "@ml-actions/datasets/types";
import { fileDigest } from "@ml-actions/rollout/release";

export interface DatasetFacts {
  name: string;
  version: string | null;
  rows: number;
  digest: string;
}

export interface Rows {
  /** The first of the batches: at least one, if without rows. */
  first: Table;
  /** All batches, the first among them. To be read once, to its end or given up by `return`. */
  batches: AsyncGenerator<Table, void>;
  /** How many columns the dataset has. */
  width: number;
}

/**
 * @param schema path of the schema; undefined: the one beside the dataset, if there is one. With a schema every column
 * is read, because every column is checked against it
 * @param choose the columns to read of those that there are, null for none; what it throws is thrown
 * @throws DatasetError when the dataset cannot be read
 */
export async function openRows(
  path: string,
  schema: string | undefined,
  choose: (present: readonly string[], schema: DatasetSchema | null) => readonly (string | null)[],
): Promise<Rows> {
  const given = schema ?? (await schemaBeside(path));
  const loaded = given === null ? null : await loadSchema(given);
  let width = 0;
  const columns = (present: readonly string[]) => {
    width = present.length;
    const chosen = choose(present, loaded).filter((name) => name !== null);
    return loaded === null ? chosen : present;
  };
  const tables = readBatches(path, { schema: loaded, columns });
  const begun = await tables.next();
  if (begun.done) throw new Error("a dataset gives at least one table");
  return { first: begun.value, batches: from(begun.value, tables), width };
}

async function* from(first: Table, rest: AsyncGenerator<Table>): AsyncGenerator<Table, void> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

export async function datasetFacts(path: string, rows: number): Promise<DatasetFacts> {
  return { name: basename(path), version: datasetVersion(path), rows, digest: await fileDigest(path) };
}
