/** scan, top to bottom: find a scanner and a database that can be trusted, look at every platform, decide, and say so. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ActionContext, type CleanUp, NegativeVerdict, type Story } from "@ml-actions/action-kit/action";
import { formatVulnerabilities } from "@ml-actions/evidence/vulnerabilities";
import type { AcceptedRisk, ScanPolicy } from "@ml-actions/evidence/vulnerabilities-policy";
import { dockerConfigDirectory, storedCredentials } from "@ml-actions/oci/docker-config";
import { openStore } from "@ml-actions/oci/open-store";
import type { Source } from "@ml-actions/oci/store";
import { runFacts } from "../../conclude.ts";
import { credentialsOf } from "../../registry-inputs.ts";
import { annotate } from "./annotate.ts";
import { bundledPackages } from "./bundled.ts";
import { assertAsked, assertLooked, doubtsAbout } from "./coverage.ts";
import { openDatabase } from "./database.ts";
import { type Decision, decide } from "./decision.ts";
import type { definition, ScanInputs, ScanOutputs } from "./definition.ts";
import { statementOf } from "./evidence.ts";
import { readIgnoreFile } from "./ignore-file.ts";
import { mergedReport } from "./merged-report.ts";
import { type ImagePlatform, platformsOf } from "./platforms.ts";
import { type PlatformReport, readReport } from "./report.ts";
import { findScanner } from "./scanner.ts";
import { counted, type ScanStory, scanSummary, sentenceOf } from "./summary.ts";
import { systemPackages } from "./system-packages.ts";
import { Trivy } from "./trivy.ts";
import { giveCredentials, openWorkroom, removeWorkroom, takeCredentials, type Workroom } from "./workroom.ts";

type Definition = typeof definition;
type Context = ActionContext<ScanOutputs>;
type Looked = { asked: ImagePlatform; report: PlatformReport; doubts: string[] };

export const scan: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const startedAt = Date.now();
  const risks = await acceptedRisks(inputs["ignore-file"], startedAt);
  const room = await openWorkroom();
  context.remember("room", room.directory);
  try {
    const { signal, log } = context;
    const asked = { scanner: inputs.scanner, sha256: inputs["scanner-sha256"] };
    const scanner = await findScanner(asked, room, signal);
    log.info(`Trivy ${scanner.version} (${scanner.path}, ${scanner.digest})`);
    const trivy = new Trivy({ scanner, room, signal });
    if (inputs["cache-dir"] === undefined) log.info("Fetching the vulnerability database …");
    const database = await openDatabase(inputs["cache-dir"], inputs["max-db-age"], trivy);
    log.info(`Vulnerability database of ${new Date(database.updatedAt).toISOString()}`);
    const looked = await lookAtAll(inputs, room, trivy, database.directory, context);
    const policy = policyOf(inputs, risks);
    const doubts = looked.flatMap((one) => one.doubts);
    const finishedAt = Date.now();
    const decision = decide(
      looked.flatMap(({ report }) => report.findings),
      doubts,
      policy,
      finishedAt,
    );
    const story: ScanStory = {
      image: inputs.image.reference,
      decision,
      platforms: looked,
      scanner,
      database,
      notices: noticesOf(decision, looked),
      finishedAt,
    };
    const run = { ...runFacts(context, startedAt), finishedAt };
    const evidence = statementOf({ inputs, story, policy, scanner, database, run });
    await tell(context, trivy, story, formatVulnerabilities(evidence));
  } finally {
    await removeWorkroom(room.directory);
  }
};

/** When `main` was killed in the middle: what it held of credentials goes now. */
export const cleanUp: CleanUp = async (context) => {
  const room = context.recall("room");
  if (room !== undefined) await removeWorkroom(room);
};

async function acceptedRisks(path: string | undefined, now: number): Promise<AcceptedRisk[]> {
  return path === undefined ? [] : readIgnoreFile(await readFile(path, "utf8"), path, now);
}

function policyOf(inputs: ScanInputs, ignored: readonly AcceptedRisk[]): ScanPolicy {
  return {
    severity: inputs.severity,
    ignoreUnfixed: inputs["ignore-unfixed"],
    maxDbAgeMs: inputs["max-db-age"],
    ignored,
  };
}

async function lookAtAll(
  inputs: ScanInputs,
  room: Workroom,
  trivy: Trivy,
  cacheDir: string,
  { log }: Context,
): Promise<Looked[]> {
  const { reference, digest, place } = inputs.image;
  const given = credentialsOf(inputs);
  const { store } = await openStore(reference, given);
  const platforms = await platformsOf(store, digest);
  if (place.kind === "registry") {
    const credentials =
      given.credentials ?? (await storedCredentials(place.registry, dockerConfigDirectory()));
    if (credentials !== null) await giveCredentials(room, place.registry, credentials);
  }
  const looked: Looked[] = [];
  for (const asked of platforms) {
    log.info(`Looking at ${asked.platform} (${asked.manifest.digest}) …`);
    const bundled = await bundledPackages(store, asked);
    if (place.kind === "layout") await verifyLayers(store, asked);
    const target =
      place.kind === "layout"
        ? ({ kind: "layout", directory: place.directory, manifest: asked.manifest } as const)
        : ({ kind: "registry", reference: `${store.name}@${asked.manifest.digest}` } as const);
    const report = readReport(
      await trivy.scan(target, cacheDir, inputs["cache-dir"] !== undefined),
      asked.platform,
    );
    assertAsked(report, asked);
    assertLooked(report, bundled, asked.platform);
    log.info(
      `${asked.platform}: ${counted(report.packages, "package")}, ${counted(report.findings.length, "vulnerability", "vulnerabilities")}`,
    );
    const listed = report.os === null ? await systemPackages(store, asked) : null;
    looked.push({ asked, report, doubts: doubtsAbout(report, asked.platform, listed) });
  }
  await takeCredentials(room);
  return looked;
}

/** A registry's blobs are checked as Trivy pulls them; the files of a layout it takes as they lie there. */
async function verifyLayers(store: Source, { layers }: ImagePlatform): Promise<void> {
  for (const layer of layers) for await (const _ of store.blob(layer));
}

function noticesOf({ unused }: Decision, looked: readonly Looked[]): string[] {
  const withoutSystem = looked.filter(({ report, doubts }) => report.os === null && doubts.length === 0);
  return [
    ...(withoutSystem.length === 0
      ? []
      : [
          `In ${withoutSystem.map(({ asked }) => asked.platform).join(", ")} there is no operating system that the scanner knows: only packages of languages were looked at`,
        ]),
    ...unused.map(
      ({ id, package: name, expires }) =>
        `The accepted risk ${id}${name === null ? "" : ` in ${name}`} (until ${expires}) is about nothing that was found: remove it`,
    ),
  ];
}

/** Writes everything first and says no last, so that a red check always comes with its findings. */
async function tell(context: Context, trivy: Trivy, story: ScanStory, evidence: string): Promise<void> {
  const { decision, platforms, image } = story;
  const file = (name: string) => join(context.directory, name);
  await writeFile(file("scan.json"), evidence);
  context.output("evidence", file("scan.json"));
  const reports = platforms.map(({ report }) => report);
  await trivy.sarif(mergedReport(reports, image, decision.accepted), file("scan.sarif"));
  context.output("sarif", file("scan.sarif"));
  context.output("counts", JSON.stringify(decision.counts));
  context.output("passed", String(decision.verdict === "pass"));
  context.output("verdict", decision.verdict);
  await context.summary(scanSummary(story));
  annotate(context.log, story);
  const sentence = sentenceOf(story);
  if (decision.verdict !== "pass") throw new NegativeVerdict(sentence);
  context.log.info(sentence);
}
