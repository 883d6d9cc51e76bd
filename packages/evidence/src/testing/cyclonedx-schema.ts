/** The published schema of CycloneDX 1.6, strict, as its own library carries it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";

const schemas = join(
  dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json")),
  "res/schema",
);
const schema = (name: string) =>
  JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), "utf8"));
const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
// The schema's own keyword for people, which is no part of JSON Schema.
ajv.addKeyword("meta:enum");
addFormats.default(ajv);
// What ajv-formats has no check for; the schema marks links and addresses with them.
ajv.addFormat("idn-email", true).addFormat("iri-reference", true);
for (const name of ["spdx", "jsf-0.82"])
  ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);

/** Compiled anew for each caller: it keeps the errors of the last bill. */
export const cyclonedxSchema = (): ValidateFunction => ajv.compile(schema("bom-1.6"));
