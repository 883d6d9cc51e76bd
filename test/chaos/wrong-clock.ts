/** Loaded before anything else: the whole process lives `CHAOS_CLOCK_MS` ahead of the machine, by every clock that tells
 * the time of day. */
const aheadMs = Number(process.env.CHAOS_CLOCK_MS);
const Real = globalThis.Date;

class WrongDate extends Real {
  constructor(...given: [] | [string | number | Date]) {
    super(given.length === 0 ? Real.now() + aheadMs : given[0]);
  }

  static override now(): number {
    return Real.now() + aheadMs;
  }
}

globalThis.Date = WrongDate as DateConstructor;
Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + aheadMs });
