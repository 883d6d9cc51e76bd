/** The server's environment. Every problem is said at once, by variable. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, extname, join } from "node:path";
import { z } from "zod";
import { quote, ServingError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";

/** An integer written plainly: `Number` would also take "", " 7 ", "1e3" and "0x10". */
const integer = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number written in digits")
    .transform(Number)
    .pipe(z.int().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits in lower case");

const hour = 3_600_000;

const settingsSchema = z.object({
  MODEL_URI: z
    .string({ error: "is required: a path, file:, https:, s3:// or oci:// URI of an ONNX file" })
    .min(1, "is empty"),
  /** Refuse any other model. */
  MODEL_DIGEST: sha256.optional(),
  /** Beside the model unless said. */
  CONTRACT_URI: z.string().min(1, "is empty").optional(),
  /** Refuse any other contract. */
  CONTRACT_DIGEST: sha256.optional(),
  /** Where a model from elsewhere is kept; a directory of this process's own unless said. */
  MODEL_DIRECTORY: z.string().min(1, "is empty").optional(),
  /** 0 lets the system choose. */
  PORT: integer(0, 65535).default(8080),
  HOST: z.string().min(1, "is empty").default("0.0.0.0"),
  /** What this server runs, said with every answer in the header `x-ml-release`, so that whoever routes to it can count
   * who answered: an image's digest, or another name that fits into a header and a label of metrics as it is. */
  ML_RELEASE: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,255}$/,
      "must be a digest (sha256:…) or a name of letters, digits and ._:@/+- , at most 256 long",
    )
    .optional(),
  /** A file that gets one JSON line a request; `/dev/stdout` puts them among the server's own lines. */
  PREDICTION_LOG: z.string().min(1, "is empty").optional(),
  /** Inference processes. A second one goes on answering while the first is being replaced. */
  POOL_SIZE: integer(1, 64).default(Math.min(2, availableParallelism())),
  INFERENCE_TIMEOUT_MS: integer(1, hour).default(10_000),
  MAX_BODY_BYTES: integer(1, 1024 ** 3).default(8 * 1024 * 1024),
  MAX_INSTANCES: integer(1, 1_000_000).default(10_000),
  /** Requests answered at once; one more gets 503. */
  MAX_CONCURRENCY: integer(1, 100_000).default(512),
  /** After SIGTERM: how long new connections are still taken, so that a balancer that reads /ready can go elsewhere. */
  DRAIN_DELAY_MS: integer(0, hour).default(250),
  /** After SIGTERM: the hard end. */
  DRAIN_TIMEOUT_MS: integer(1, hour).default(25_000),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  /** The folder of onnxruntime-node; searched for, and installed in the runner's tool cache, unless said. */
  ONNXRUNTIME: z.string().min(1, "is empty").optional(),
  /** The folder of package.json and package-lock.json that onnxruntime-node is installed from. */
  ONNXRUNTIME_LOCK: z.string().min(1, "is empty").optional(),
  INFERENCE_PROGRAM: z.string().min(1, "is empty").optional(),
});

export type Settings = Omit<z.output<typeof settingsSchema>, "INFERENCE_PROGRAM"> & {
  INFERENCE_PROGRAM: string;
};

/** `program` is the server program's own path: the inference program lies beside it unless INFERENCE_PROGRAM says
 * otherwise. Throws `ServingError` code `settings`. */
export function readSettings(environment: NodeJS.ProcessEnv, program: string): Settings {
  const given = Object.fromEntries(
    Object.keys(settingsSchema.shape).flatMap((name) =>
      environment[name] === undefined ? [] : [[name, environment[name]]],
    ),
  );
  const result = settingsSchema.safeParse(given);
  const problems = result.success
    ? []
    : result.error.issues.map((issue) => {
        const name = String(issue.path[0]);
        const value = environment[name] === undefined ? "" : ` (it is ${quote(environment[name])})`;
        return `${name} ${issue.message}${value}`;
      });
  const inference = environment.INFERENCE_PROGRAM || join(dirname(program), `inference${extname(program)}`);
  if (!existsSync(inference)) {
    problems.push(`INFERENCE_PROGRAM must name the inference program; there is no file ${inference}`);
  }
  if (result.success && problems.length === 0) return { ...result.data, INFERENCE_PROGRAM: inference };
  throw new ServingError("settings", `the server cannot start:\n  ${problems.join("\n  ")}`, {
    problems,
    remedy: "Set these environment variables.",
  });
}

/** Variables that look like a misspelt setting, with the one meant. Only a warning: Kubernetes puts variables named
 * after every Service into the environment. */
export function misspeltSettings(environment: NodeJS.ProcessEnv): string[] {
  const known = Object.keys(settingsSchema.shape);
  // One word, such as HOST, is near to many that mean something else.
  const long = known.filter((name) => name.includes("_"));
  return Object.keys(environment).flatMap((name) => {
    if (known.includes(name) || !/^[A-Z]+_[A-Z_]+$/.test(name)) return [];
    const suggestion = didYouMean(name, long);
    return suggestion === "" ? [] : [`the variable ${name} is not known${suggestion}`];
  });
}
