/** Evidence of a build: that somebody says how the image came to be, and that it was built where the policy wants it. */
import { parseProvenance } from "../provenance.ts";
import { shown } from "../read-json.ts";
import { identityMatches } from "../signing/identity.ts";
import { statementType } from "../statement.ts";
import type { Reader } from "./reading.ts";

export const readBuild: Reader = (signed, { expected, place }) => {
  const { predicate } = parseProvenance({ ...signed, _type: statementType }, place);
  const { builder, metadata } = predicate.runDetails;
  const wanted = expected.builder;
  const known = wanted === null || identityMatches(wanted, builder.id);
  return {
    finishedAt: metadata.finishedOn === undefined ? null : Date.parse(metadata.finishedOn),
    refusal: known
      ? null
      : {
          reason: `It was built by ${shown(builder.id, 300)}; the policy asks for ${wanted}.`,
          remedy: "Build it where the policy wants it, or change `builder` in the policy.",
        },
    says: `built by ${shown(builder.id, 200)}`,
  };
};
