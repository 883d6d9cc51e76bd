/** The rows of a dataset as a model's contract wants them: columns become features, by name. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column, Table } from "@ml-actions/datasets/types";
import type { Contract, Feature } from "@ml-actions/serving/contract";
import type { FeatureBatch, FeatureColumn } from "@ml-actions/serving/feature-batch";

/**
 * @param table one row an instance
 * @param contract names the features; columns it does not name are left alone
 * @throws UserError listing every feature that the dataset cannot give, and why
 */
export function featuresOf(table: Table, contract: Contract): FeatureBatch {
  const problems: string[] = [];
  const columns = new Map<string, FeatureColumn>();
  for (const feature of contract.features) {
    const column = table.columns.get(feature.name);
    if (column === undefined) {
      if (feature.optional) columns.set(feature.name, absent(feature, table.rows));
      else problems.push(`there is no column \`${feature.name}\`, which the model needs`);
      continue;
    }
    const given = featureColumn(feature, column);
    if (typeof given === "string") problems.push(given);
    else columns.set(feature.name, given);
  }
  if (problems.length > 0) {
    throw new UserError(
      `The dataset does not fit the contract of ${contract.model} ${contract.version}:\n  ${problems.join("\n  ")}`,
      { remedy: "Add the columns, correct their types in the dataset's schema, or correct the contract." },
    );
  }
  return { rows: table.rows, columns };
}

function absent(feature: Feature, rows: number): FeatureColumn {
  return feature.type === "string"
    ? new Array<string>(rows).fill("")
    : new Float64Array(rows).fill(Number.NaN);
}

/** The column as the feature wants it, or what is wrong with it. */
function featureColumn(feature: Feature, column: Column): FeatureColumn | string {
  const wanted = feature.type === "string" ? "string" : feature.type === "boolean" ? "boolean" : "number";
  if (column.kind !== wanted && !(wanted === "number" && column.kind === "boolean")) {
    return `column \`${column.name}\` holds ${column.kind}s, the contract calls it a ${feature.type}`;
  }
  const hole = feature.optional ? -1 : firstMissing(column);
  if (hole >= 0) {
    return `column \`${column.name}\` has no value in row ${hole + 1}, and the contract does not call it optional`;
  }
  if (column.kind === "string") {
    return Array.from(column.codes, (code) => (code < 0 ? "" : (column.dictionary[code] as string)));
  }
  if (column.kind === "number") return column.values;
  return Float64Array.from(column.values, (value, row) => (column.missing?.[row] === 1 ? Number.NaN : value));
}

function firstMissing(column: Column): number {
  return column.kind === "string" ? column.codes.indexOf(-1) : (column.missing?.indexOf(1) ?? -1);
}

/**
 * What a server with this contract would refuse although it is scored here: a figure on such rows says nothing of what
 * callers get.
 *
 * @returns one sentence a feature, with the number of its rows and the first of them
 */
export function refusedByContract(table: Table, contract: Contract): string[] {
  return contract.features.flatMap((feature) => {
    const column = table.columns.get(feature.name);
    const rows = column === undefined ? [] : rowsOutside(feature, column);
    const [first] = rows;
    if (first === undefined) return [];
    const [count, row] = [rows.length, first + 1].map((value) => value.toLocaleString("en-US"));
    const hold = rows.length === 1 ? "row holds" : "rows hold";
    return [
      `${count} ${hold} a ${JSON.stringify(feature.name)} that the contract does not allow, row ${row} the first: a server would refuse such a request`,
    ];
  });
}

function rowsOutside(feature: Feature, column: Column): number[] {
  const rows: number[] = [];
  if (column.kind === "string" && feature.values !== undefined) {
    const allowed = new Set(feature.values);
    const outside = column.dictionary.map((value) => !allowed.has(value));
    column.codes.forEach((code, row) => {
      if (code >= 0 && outside[code]) rows.push(row);
    });
  }
  if (column.kind === "number") {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = feature;
    column.values.forEach((value, row) => {
      const fraction = feature.type === "integer" && !Number.isInteger(value);
      if (column.missing?.[row] !== 1 && (value < minimum || value > maximum || fraction)) rows.push(row);
    });
  }
  return rows;
}
