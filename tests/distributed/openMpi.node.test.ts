import { describe, expect, it } from 'vitest';
import { connect } from '../../src/distributed/openMpi.node.js';
import { InputError } from '../../src/errors.js';

describe('Open MPI', () => {
  it.each(['libmpi-of-nobody.so', 'libm.so.6'])(
    'is asked for in one line if its library is missing or another one (%s)',
    async (library) => {
      const error = await connect([library]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toMatch(
        /^Open MPI: its library cannot be loaded \(.+\); on Debian, apt-get install openmpi-bin$/,
      );
      expect((error as InputError).message).not.toContain('\n');
    },
  );
});
