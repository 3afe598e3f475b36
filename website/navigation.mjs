/** The guides in the order of the navigation. A guide is a Markdown file of the repository. */

/** Groups of guides, with the names that the navigation shows. */
export const GROUPS = [
  {
    name: 'Start',
    guides: [
      {
        label: 'Overview',
        file: 'README.md',
        slug: 'overview',
        summary: 'Quick start, commands, the run folder, and the library in three examples.',
      },
      {
        label: 'Your own images',
        file: 'docs/own-images.md',
        summary: 'From a folder of images to a model, its metrics, and a comparison over three seeds.',
      },
      {
        label: 'MNIST in five minutes',
        file: 'docs/teaching.md',
        summary: 'Three small models, what to look at, and why the two networks compete.',
      },
      {
        label: 'Faces',
        file: 'examples/faces.md',
        summary: 'Rendered faces in color, their attributes, and walks between them.',
      },
    ],
  },
  {
    name: 'Train',
    guides: [
      {
        label: 'Data',
        file: 'docs/data.md',
        summary: 'Supported data sets, archives and folders, and their preprocessing.',
      },
      {
        label: 'Conditional models',
        file: 'docs/conditions.md',
        summary: 'Models of classes, of attributes, and of pictures that they complete.',
      },
      {
        label: 'Recipes',
        file: 'docs/recipes.md',
        summary: 'The default recipe, presets, small data sets, and how they were tuned.',
      },
      { label: 'Devices', file: 'docs/devices.md', summary: 'CPU, WebGPU and CUDA.' },
      {
        label: 'Several processes',
        file: 'docs/distributed.md',
        summary: 'Training with several processes, on one machine or on many.',
      },
      { label: 'Tracking', file: 'docs/tracking.md', summary: 'TensorBoard and other experiment trackers.' },
      { label: 'Emoji', file: 'examples/emoji.md', summary: 'Training on a folder of 64x64 images.' },
      {
        label: 'Fashion-MNIST',
        file: 'examples/fashion-mnist.md',
        summary: 'Ten epochs on a CPU, with images and metrics.',
      },
    ],
  },
  {
    name: 'Use models',
    guides: [
      {
        label: 'Commands',
        file: 'docs/usage.md',
        summary: 'Training, samples, reconstructions, interpolation, code arithmetic, search and maps.',
      },
      {
        label: 'Library',
        file: 'docs/library.md',
        summary: 'Training and trained models in JavaScript, and a web service.',
      },
      {
        label: 'Train ONNX models',
        file: 'docs/training-onnx.md',
        summary: 'Import any ONNX model, fine-tune it, or optimize its input, in Node or in a page.',
      },
      {
        label: 'Evaluation',
        file: 'docs/evaluation.md',
        summary: 'Evaluations, comparisons, few labels, and their protocols.',
      },
      { label: 'Few labels', file: 'examples/few-labels.md', summary: 'Classifying digits with 10 to all labels.' },
      {
        label: 'Export',
        file: 'docs/export.md',
        summary: 'ONNX files for other programs, a page that runs them, weights to and from PyTorch.',
      },
    ],
  },
  {
    name: 'Pages',
    guides: [
      {
        label: 'Studio',
        file: 'docs/studio.md',
        summary: 'A web page to start, watch, steer, compare and explore runs.',
      },
      { label: 'In a web page', file: 'docs/web.md', summary: 'Web pages that sample or train, and the playground.' },
    ],
  },
  {
    name: 'Reference',
    guides: [
      { label: 'Settings', file: 'docs/settings.md', summary: 'Every setting with its range and default.' },
      { label: 'Metrics', file: 'docs/metrics.md', summary: 'The meaning, range and a good value of each metric.' },
      {
        label: 'Method',
        file: 'docs/method.md',
        summary: 'Each equation, the function that computes it, and the file that verifies it.',
      },
      {
        label: 'Performance',
        file: 'docs/performance.md',
        summary: 'Comparison with PyTorch, profiles, and alternatives that were tried.',
      },
      {
        label: 'Reliability',
        file: 'docs/reliability.md',
        summary: 'Guarantees for crashes, full disks, concurrent processes and signals.',
      },
    ],
  },
  {
    name: 'Project',
    guides: [
      {
        label: 'Architecture',
        file: 'docs/architecture.md',
        summary: 'Folders, dependencies, and where a change goes.',
      },
      { label: 'Compiler', file: 'docs/compiler.md', summary: 'From a network definition to the operators that run.' },
      {
        label: 'Dependencies',
        file: 'docs/dependencies.md',
        summary: 'The purpose of each library, and the code that agenet keeps instead of one.',
      },
      {
        label: 'Contributing',
        file: 'CONTRIBUTING.md',
        slug: 'contributing',
        summary: 'How to make and test a change.',
      },
      { label: 'Changelog', file: 'CHANGELOG.md', slug: 'changelog', summary: 'What changed.' },
    ],
  },
].map(({ name, guides }) => ({ name, guides: guides.map(withAddress) }));

/** @type {{ label: string; file: string; summary: string; address: string }[]} */
export const GUIDES = GROUPS.flatMap(({ guides }) => guides);

/** Addresses by file. */
export const ADDRESSES = new Map(GUIDES.map(({ file, address }) => [file, address]));

/** The guides before and after one. */
export function neighborsOf(guide) {
  const index = GUIDES.indexOf(guide);
  return { previous: GUIDES[index - 1], next: GUIDES[index + 1] };
}

function withAddress({ file, slug = file.replace(/^.*\/|\.md$/gu, ''), ...guide }) {
  return { ...guide, file, address: `/guides/${slug}.html` };
}
