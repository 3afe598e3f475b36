import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheLimit, defaultCacheFolder } from '../../../src/data/decoding/cacheFolder.node.js';
import { expectInputError } from '../../rejection.js';

describe('the cache', () => {
  it('is where the environment says, or in the user’s cache', () => {
    expect(defaultCacheFolder({ AGENET_CACHE: '/mine', XDG_CACHE_HOME: '/cache' })).toBe('/mine');
    expect(defaultCacheFolder({ AGENET_CACHE: '', XDG_CACHE_HOME: '/cache' })).toBe(join('/cache', 'agenet'));
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '' })).toBe(join(homedir(), '.cache', 'agenet'));
  });

  it('may take as many GB as the environment says, or 20', async () => {
    expect(cacheLimit({})).toBe(20e9);
    expect(cacheLimit({ AGENET_CACHE_LIMIT: '0.5' })).toBe(5e8);
    expect(cacheLimit({ AGENET_CACHE_LIMIT: '0' })).toBe(0);
    for (const wrong of ['much', '-1', 'NaN']) await expectInputError(() => cacheLimit({ AGENET_CACHE_LIMIT: wrong }), `AGENET_CACHE_LIMIT="${wrong}"`, 'GB');
  });
});
