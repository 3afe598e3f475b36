import { describe, expect, it } from 'vitest';
import { connect, isLaunched } from '../../src/distributed/openMpi.node.js';
import { InputError } from '../../src/errors.js';

describe('Open MPI', () => {
  it('has started this process if its environment says so', () => {
    expect(isLaunched({ PATH: '/bin' })).toBe(false);
    expect(isLaunched({ OMPI_COMM_WORLD_SIZE: '2' })).toBe(true);
    expect(isLaunched({ PMIX_RANK: '0' })).toBe(true);
  });

  it('is asked for in one line if its library is missing', async () => {
    const error = await connect(['libmpi-of-nobody.so']).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(/^Open MPI: its library cannot be loaded \(.+\); on Debian, apt-get install openmpi-bin$/);
    expect((error as InputError).message).not.toContain('\n');
  });
});
