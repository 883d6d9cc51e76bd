/** The deploy of the measurement: the action itself from the point on where its candidate was verified, which is done
 * once a job, whatever number of resources it has. Its own peak of memory goes to stderr. */
import { runAction } from "@ml-actions/action-kit/run";
import { definition } from "../../../actions/deploy/src/definition.ts";
import { deployMany } from "../../../actions/deploy/src/many.ts";
import { placesOf } from "../../../actions/place.ts";
import { candidateNamed } from "./objects.ts";

const none = "not needed here";
const programs = { supervisor: none, server: none, inference: none, image: none, guard: none, mirror: none };
const candidate = candidateNamed(process.argv[2] ?? "");

process.on("exit", () => {
  const { maxRSS } = process.resourceUsage();
  process.stderr.write(`peak ${Math.round(maxRSS / 1000)} MB\n`);
});

await runAction(
  {
    ...definition,
    story: async () => ({
      run: async (inputs, context) => {
        const startedAt = Date.now();
        const places = await placesOf(inputs, context, "change");
        await deployMany(places, { candidate, modelRelease: null, startedAt }, inputs, context);
      },
    }),
  },
  programs,
);
