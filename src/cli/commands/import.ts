import { Option } from '@commander-js/extra-typings';
import type { Action, Subcommand } from '../command.js';
import { requirePath } from '../output.js';

export const summary = 'create a run from weights of PyTorch';
export const group = 'Training:';
export const details = `
The tensors are named as in PyTorch's state_dict of the published networks: encoder.main.0.weight, generator.main.1.running_mean.
Channels, width and latent size follow from their shapes.

Examples:
  agenet import age.safetensors cifar10:DIR --network dcgan32 --preset cifar10 --out runs/imported
  agenet sample runs/imported
  agenet train --resume runs/imported
`;

export const define = async (command: Subcommand) => {
  const { ARCHITECTURE_NAMES } = await import('../../networks/architecture.js');
  const { addSettings } = await import('../settingOptions.js');
  return addSettings(command, ['prior', 'preset', 'config', 'batch', 'epochs', 'steps'])
    .argument('<file>', 'safetensors file with the weights of both networks')
    .argument('<data>', 'data set or folder of images that the run belongs to')
    .addOption(new Option('--network <name>', 'network architecture').choices(ARCHITECTURE_NAMES).makeOptionMandatory())
    .requiredOption('--out <folder>', 'new run folder');
};

export const action: Action<typeof define> = async (terminal, file, data, { out, json: _, debug: __, ...settings }) => {
  const { importRun } = await import('../../runs/importRun.node.js');
  requirePath(out);
  const { run, checkpoint, configuration } = await importRun(file, out, { ...settings, data });
  const { network, width, latent, channels, size } = configuration;
  terminal.print(
    `${network} of width ${width}, latent size ${latent}, for ${channels === 1 ? 'grayscale' : 'RGB'} images of ${size}x${size}`,
  );
  terminal.print(`Wrote the run to ${run}; train it further with: npx agenet train --resume ${run}`);
  return { result: { run, checkpoint, network, width, latent, channels, size } };
};
