import { describe, expect, it } from 'vitest';
import { bindingNote, coresOf, launchedRank } from '../../src/distributed/launch.node.js';
import { ALONE, type Communicator } from '../../src/engine/runtime/communicator.js';

describe('the rank of this process', () => {
  it.each([
    [{ PATH: '/bin' }, undefined],
    [{ OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '2' }, 0],
    [{ OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '3' }, 3],
    [{ OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' }, undefined],
    [{ PMIX_RANK: '1', SLURM_STEP_NUM_TASKS: '2' }, 1],
    [{ PMIX_RANK: '0', SLURM_STEP_NUM_TASKS: '1' }, undefined],
  ])('in %j is %s', (environment, rank) => {
    expect(launchedRank(environment)).toBe(rank);
  });
});

describe('the cores of a rank', () => {
  /** Ranks on these cores: a rank of one place receives the numbers of all places. */
  function coresOn(places: readonly string[], rank: number, available: number): number {
    const numbers: number[] = [];
    for (const place of places) coresOf({ ...ALONE, allGather: ([own]) => void numbers.push(own!) }, place, available);
    const communicator: Communicator = {
      ...ALONE,
      rank,
      size: places.length,
      allGather: (_, output) => output.set(numbers),
    };
    return coresOf(communicator, places[rank], available);
  }

  it('are its own if it is bound to them alone', () => {
    expect(coresOn(['host 0-3', 'host 4-7'], 1, 4)).toBe(4);
  });

  it('are divided among ranks that may run on the same', () => {
    expect(coresOn(['one 0-15', 'one 0-15', 'two 0-15', 'one 0-15'], 0, 16)).toBe(5);
    expect(coresOn(['one 0-15', 'one 0-15', 'two 0-15', 'one 0-15'], 2, 16)).toBe(16);
  });

  it('are at least one', () => {
    expect(coresOn(['host 0', 'host 0', 'host 0'], 0, 1)).toBe(1);
  });
});

describe('a note on bound processes', () => {
  const bound = { OMPI_MCA_orte_bound_at_launch: '1', OMPI_COMM_WORLD_LOCAL_SIZE: '2' };

  it('is printed if cores are left over', () => {
    expect(bindingNote(1, bound, 16)).toBe(
      'mpirun has bound 2 processes to 1 of 16 cores each; start it with --bind-to none, or give each more',
    );
    expect(bindingNote(8, bound, 16)).toBeUndefined();
    expect(bindingNote(1, { OMPI_COMM_WORLD_LOCAL_SIZE: '2' }, 16)).toBeUndefined();
  });
});
