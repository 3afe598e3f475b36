import { choice, declareOptional, integer, toggle } from './declaration.js';

/** Of a process that trains: no setting of the run. The command line and the studio's form have them. */
export const RUN_OPTIONS = {
  strict: declareOptional(toggle, {
    title: 'Strict',
    help: 'fail at the first image that cannot be decoded, instead of skipping it',
    group: 'Images',
  }),
  tensorboard: declareOptional(toggle, {
    title: 'TensorBoard',
    help: 'also write TensorBoard event files into the run folder',
    group: 'Output',
  }),
  device: declareOptional(choice(['cpu', 'webgpu', 'cuda', 'auto']), {
    title: 'Device',
    help: 'device to compute on; auto: the fastest in a short measurement',
    group: 'Training',
    defaultText: 'cpu',
  }),
  threads: declareOptional(integer(1, 1024), {
    title: 'CPU threads',
    help: 'CPU threads',
    group: 'Training',
    defaultText: 'one per core; with mpirun, one per core of the process',
  }),
  noLowering: declareOptional(toggle, {
    title: 'No optimizations',
    help: 'run the graph without CPU-specific optimizations',
    group: 'Training',
  }),
};
