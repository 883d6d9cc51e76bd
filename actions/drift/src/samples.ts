/** Reference and current data, each reduced to a profile while it is read: what is compared is counts, however many rows. */
import { open, readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { type DatasetSchema, loadSchema, readBatches, schemaBeside } from "@ml-actions/datasets";
import { type Profile, ProfileBuilder, parseProfile } from "@ml-actions/gates/drift";
import { fileDigest } from "@ml-actions/rollout/release";

export interface Sample {
  /** The file's name. */
  name: string;
  digest: string;
  profile: Profile;
}

export interface SampleOptions {
  /** Of both; left out, each has its own beside it. */
  schema: string | undefined;
  /** Left out: all. */
  columns: readonly string[] | undefined;
}

/** What a schema says of drift: the types of columns, and which numbers are names. */
interface Reading {
  schema: DatasetSchema | null;
  /** Numbers with a list of values are categories. */
  categorical: ReadonlySet<string>;
  /** What is no feature unless it is asked for: the label, times, which drift by themselves, and what the schema does
   * not know. */
  left: ReadonlySet<string>;
}

/** Data, or the profile of data: told apart by what is in the file. */
export async function readReference(path: string, options: SampleOptions): Promise<Sample> {
  const [name, digest] = [basename(path), await fileDigest(path)];
  if (await isProfile(path)) {
    const profile = chosen(parseProfile(await textOf(path, name), path), options.columns, name);
    return { name, digest, profile };
  }
  const { schema, categorical, left } = await readingOf(path, options.schema);
  const columns = options.columns ?? ((names: readonly string[]) => names.filter((one) => !left.has(one)));
  return { name, digest, profile: await profileOf(path, { schema, columns }, categorical) };
}

/** Reads what the reference has. A feature that is gone is not an error here: it is what drift is about. */
export async function readCurrent(path: string, reference: Sample, schemaPath?: string): Promise<Sample> {
  const [name, digest] = [basename(path), await fileDigest(path)];
  const wanted = reference.profile.columns;
  const { schema } = await readingOf(path, schemaPath);
  const columns = (names: readonly string[]) => {
    const found = names.filter((one) => wanted.has(one));
    if (found.length === 0) throw nothingShared(name, names, [...wanted.keys()]);
    return found;
  };
  const categorical = [...wanted].filter(([, { kind }]) => kind === "categorical").map(([one]) => one);
  return { name, digest, profile: await profileOf(path, { schema, columns }, new Set(categorical)) };
}

async function profileOf(
  path: string,
  options: Parameters<typeof readBatches>[1],
  categorical: ReadonlySet<string>,
): Promise<Profile> {
  let builder: ProfileBuilder | undefined;
  for await (const batch of readBatches(path, options)) {
    builder ??= new ProfileBuilder({
      categorical: [...batch.columns.keys()].filter((one) => categorical.has(one)),
    });
    builder.add(batch);
  }
  return (builder ?? new ProfileBuilder()).profile();
}

/**
 * Of a schema only the types count: a value out of bounds, a new category, a missing value or column are what drift
 * measures, and an error about the first of them would hide the others. What the file has beyond it is no feature.
 */
async function readingOf(path: string, given: string | undefined): Promise<Reading> {
  const file = given ?? (await schemaBeside(path));
  if (file === null) return { schema: null, categorical: new Set(), left: new Set() };
  const { schema, columns, label } = await loadSchema(file);
  const declared = new Map(columns.map((column) => [column.name, column]));
  const names = await namesIn(path);
  const numbersThatAreNames = columns.filter(
    ({ type, values }) => type === "integer" && values !== undefined,
  );
  const leftOut = names.filter((name) => {
    const column = declared.get(name);
    return column === undefined || column.type === "timestamp" || name === label;
  });
  return {
    schema: {
      schema,
      columns: names.map((name) => {
        const { type = "string" } = declared.get(name) ?? {};
        return { name, type: type === "integer" ? "number" : type, nullable: true };
      }) as DatasetSchema["columns"],
    },
    categorical: new Set(numbersThatAreNames.map(({ name }) => name)),
    left: new Set(leftOut),
  };
}

/** The columns of a file, without reading its rows where the format tells them. */
async function namesIn(path: string): Promise<readonly string[]> {
  const enough = new Error("the names are known");
  let found: readonly string[] = [];
  const columns = (names: readonly string[]) => {
    found = names;
    throw enough;
  };
  try {
    for await (const _ of readBatches(path, { schema: null, columns })) break;
  } catch (error) {
    if (error !== enough) throw error;
  }
  return found;
}

/** A profile of a thousand features has a megabyte. */
const largestProfileBytes = 64 << 20;

async function textOf(path: string, name: string): Promise<string> {
  const { size } = await stat(path);
  if (size <= largestProfileBytes) return readFile(path, "utf8");
  throw new UserError(`${name} has ${size} bytes, which no profile has.`, {
    remedy: "Give data as CSV, Parquet or JSON Lines (`.jsonl`), or a profile that `drift` wrote.",
  });
}

/** JSON Lines begin with a brace too, so the file's own word counts; `.json` is no name of a dataset. */
async function isProfile(path: string): Promise<boolean> {
  if (/\.json$/i.test(path)) return true;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return /^\s*\{\s*"schema"\s*:\s*"ml-actions\/[a-z-]*profile\//.test(
      buffer.subarray(0, bytesRead).toString("utf8"),
    );
  } finally {
    await file.close();
  }
}

function chosen(profile: Profile, columns: readonly string[] | undefined, name: string): Profile {
  if (columns === undefined) return profile;
  const absent = columns.filter((one) => !profile.columns.has(one));
  if (absent.length > 0) {
    throw new UserError(`The profile ${name} has no feature ${listed(absent)}.`, {
      remedy: `Name features that it has: ${listed([...profile.columns.keys()])}.`,
    });
  }
  return { ...profile, columns: new Map([...profile.columns].filter(([one]) => columns.includes(one))) };
}

function nothingShared(name: string, has: readonly string[], wanted: readonly string[]): UserError {
  return new UserError(`${name} has none of the reference's features: it has ${listed(has)}.`, {
    remedy: `Give data with the features of the reference: ${listed(wanted)}.`,
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => JSON.stringify(name.slice(0, 80)));
  return `${shown.join(", ")}${names.length > 12 ? ` and ${names.length - 12} more` : ""}`;
}
