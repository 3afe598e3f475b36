import { describe, expect, it } from 'vitest';
import { folderClasses } from '../../src/data/classes.js';

describe('classes by folders', () => {
  it('are the first folders, in the order of their names', () => {
    const classes = folderClasses(['dogs/a.png', 'cats/deep/b.png', 'Zebras/c.png']);
    if ('none' in classes) throw new Error(classes.none);
    expect(classes.names).toEqual(['Zebras', 'cats', 'dogs']);
    expect(['dogs/a.png', 'cats/deep/b.png', 'Zebras/c.png'].map(classes.labelOf)).toEqual([2, 1, 0]);
  });

  it('are none, without a word, where there is one folder or no folder', () => {
    expect(folderClasses(['a/1.png', 'a/b/2.png'])).toEqual({ none: '' });
    expect(folderClasses(['1.png', '2.png'])).toEqual({ none: '' });
  });

  it('are none where images lie outside, or there are more than labels can tell apart', () => {
    expect(folderClasses(['a/1.png', 'b/2.png', '3.png'])).toEqual({ none: 'no labels: 1 of 3 images lie outside of its 2 folders' });
    const folders = (count: number) => Array.from({ length: count }, (_, index) => `${index}/image.png`);
    expect(folderClasses(folders(257))).toMatchObject({ none: expect.stringContaining('257 folders') as string });
    expect(folderClasses(folders(256))).toHaveProperty('names.length', 256);
  });
});
