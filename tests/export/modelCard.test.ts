import { describe, expect, it } from 'vitest';
import { dataName, type ModelCard, modelCardText } from '../../src/export/modelCard.js';
import { tinyConfiguration } from '../training/tinyTraining.js';

const card: ModelCard = {
  name: 'faces',
  version: '1.2.3',
  configuration: tinyConfiguration({ data: 'folder:/home/someone/my photos/' }),
  step: 1500,
  weights: 'raw',
  precision: 'float32',
  files: { generator: 1_250_000, encoder: 430_000 },
  hasReconstructions: false,
  hasPage: false,
};

describe('a model card', () => {
  it('names the data, not the folder that it was in', () => {
    const text = modelCardText(card);
    expect(text).toContain('| data | my photos |');
    expect(text).not.toContain('someone');
    const nameOf = (data: string) => dataName({ ...card.configuration, data });
    expect(['mnist', 'cifar10:/home/someone/cifar', 'npz:C:\\images\\x.npz', '.'].map(nameOf)).toEqual([
      'mnist',
      'cifar10',
      'x.npz',
      'images',
    ]);
  });

  it('lists the metrics of an evaluation, also those that are not finite', () => {
    const text = modelCardText({
      ...card,
      evaluation: {
        metrics: { fid: 7.123456, kid: null },
        data: 'x.npz',
        split: 'test',
        images: 100,
        samples: 200,
        extractor: 'classifier of x.npz',
      },
    });
    expect(text).toContain(
      '200 samples and 100 test images of x.npz. Features come from the classifier of x.npz: compare FID',
    );
    expect(text).toContain('| metric | value |\n| --- | --- |\n| `fid` | 7.123 |\n| `kid` | not finite |\n');
  });

  it('mentions a page if there is one', () => {
    expect(modelCardText(card)).not.toContain('index.html');
    expect(modelCardText({ ...card, hasPage: true })).toContain('`index.html` runs the networks in a browser');
  });

  it('states what a precision costs', () => {
    const cost = {
      images: { mean: 0.001, max: 0.02 },
      angles: { mean: 0.003, max: 0.04 },
      fid: { float32: 7.119, stored: 7.3, samples: 10, images: 9, extractor: 'classifier' },
    };
    const text = modelCardText({ ...card, precision: 'int8', cost });
    expect(text).toContain(
      '| pixels of samples, in 0..1 | 1.0e-3 | 2.0e-2 |\n| angle of codes, in degrees | 3.0e-3 | 4.0e-2 |',
    );
    expect(text).toContain(
      'FID of 10 samples and 9 test images: 7.12 with float32, 7.30 with int8 (features of the classifier).',
    );
    const { fid: _, ...outputs } = cost;
    expect(modelCardText({ ...card, precision: 'int8', cost: outputs })).not.toContain('FID');
  });

  it('means by a name nothing but the name', () => {
    const name = '# |x| <img src=y>\n![z](https://example.org) `a`';
    const [heading] = modelCardText({ ...card, name })
      .split('\n')
      .filter((line) => line.startsWith('# '));
    expect(heading).toBe('# \\# \\|x\\| \\<img src=y\\> \\!\\[z\\]\\(https://example.org\\) \\`a\\`');
  });

  it('states where its weights come from', () => {
    const configuration = tinyConfiguration({ initFrom: '/home/someone/age.safetensors' });
    const imported = modelCardText({ ...card, configuration, step: 0, data: { train: 60000, test: 10000 } });
    expect(imported).toContain(
      '| initial weights | from age.safetensors; how these were trained is not recorded here |',
    );
    expect(imported).not.toContain('iterations of');
    expect(imported).toContain('- The images of its training are not recorded; other images');
    expect(modelCardText({ ...card, configuration })).toContain(
      '- The model was last trained on images of mnist; other images',
    );
  });

  it('lists the plans of later stages', () => {
    const stages = [{ epoch: 2, encoderUpdates: '1;match_x:5' }];
    expect(modelCardText({ ...card, configuration: { ...card.configuration, stages } })).toContain(
      '| from epoch 2 | encoderUpdates `1;match_x:5` |',
    );
  });

  it('describes networks for RGB images and other priors', () => {
    const configuration = tinyConfiguration({ data: 'folder:photos', channels: 3, prior: 'normal' });
    const text = modelCardText({ ...card, configuration });
    expect(text).toContain('makes RGB images of 32x32 pixels from codes of 8 coordinates,');
    expect(text).toContain('`images` [N, 3, 32, 32]');
    expect(text).not.toContain('normalize');
    expect(text).not.toContain('np.linalg.norm');
  });
});
