import type { Objective } from '../../src/age/losses.js';
import { STATE_NAMES, update, type UpdateSpec } from '../../src/age/update.js';
import type { UpdatePlan } from '../../src/age/plan.js';
import type { NetworkName } from '../../src/networks/network.js';
import { graphOf, input, type Program } from '../../src/engine/index.js';
import { compileSmall } from '../engine/running.js';
import { BATCH, IMAGE, LATENT, OBJECTIVE, type StateVectors, symbolicState, tinyPair } from './tinyGame.js';

/** The inputs of an update: images in [-1, 1], codes from the prior, and the result of `adamScalars`. */
export interface UpdateFeeds {
  x: Float32Array;
  z: Float32Array;
  schedule: readonly [stepSize: number, denominatorScale: number];
  /** Codes of the images that another update has decoded, if this one takes them. */
  decoded?: Float32Array;
}

/** The state after an update, and what it reports. */
export interface UpdateResult {
  state: StateVectors;
  report: Record<string, number>;
  /** Of the images, if it encodes them. */
  codes: Float32Array | undefined;
}

/** One update of the tiny networks as a graph of its own. */
export class TinyUpdate {
  private constructor(private readonly program: Program) {}

  static async of(
    network: NetworkName,
    plan: UpdatePlan,
    objective: Objective = OBJECTIVE,
    { monitored = [], hasDecoded = false }: Pick<UpdateSpec, 'monitored'> & { hasDecoded?: boolean } = {},
  ): Promise<TinyUpdate> {
    const batch = { x: input('x', [BATCH, ...IMAGE]), z: input('z', [BATCH, LATENT]) };
    const decoded = hasDecoded ? input('decoded', [BATCH, LATENT]) : undefined;
    const schedule = { stepSize: input('stepSize', []), denominatorScale: input('denominatorScale', []) };
    const before = symbolicState();
    const spec = { network, plan, monitored };
    const { state, report, passes } = update(tinyPair, objective, spec, before, { ...batch, decoded }, schedule);
    const outputs = Object.fromEntries([
      ...Object.entries(state).map(([name, value]) => [`after/${name}`, value]),
      ...Object.entries(report).map(([name, value]) => [`report/${name}`, value]),
      ...(passes.realCodes ? [['codes', passes.realCodes]] : []),
    ]) as Record<string, (typeof report)[string]>;
    const declared = [batch.x, batch.z, schedule.stepSize, schedule.denominatorScale];
    return new TinyUpdate(await compileSmall(graphOf(outputs, declared)));
  }

  async run(state: StateVectors, { x, z, schedule, decoded }: UpdateFeeds): Promise<UpdateResult> {
    const results = await this.program.run({
      ...state,
      x,
      z,
      ...(decoded && { decoded }),
      stepSize: Float32Array.of(schedule[0]),
      denominatorScale: Float32Array.of(schedule[1]),
    });
    const report = Object.entries(results).flatMap(([name, { data }]) =>
      name.startsWith('report/') ? [[name.slice('report/'.length), Number(data[0])]] : [],
    );
    return {
      state: Object.fromEntries(
        STATE_NAMES.map((name) => [name, results[`after/${name}`]!.data]),
      ) as unknown as StateVectors,
      report: Object.fromEntries(report) as Record<string, number>,
      codes: results.codes?.data as Float32Array | undefined,
    };
  }

  release(): Promise<void> {
    return this.program.release();
  }
}
