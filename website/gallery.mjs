/** The pictures of the guides, each with the commands that make it. `tests/pages/website.test.ts` checks that none is missing. */

const RECIPES = ['default', 'published', 'concentrated'];
const recipePictures = (name) =>
  ['samples', 'reconstructions', 'midpoints', 'map'].map((kind) => `recipe-${name}-${kind}.png`);
const RECIPE_TEXTS = {
  default:
    'Samples, test digits with their reconstructions, images halfway between two codes, and 1,000 codes seen from their center.',
  published: "The same with the plan of the authors' code. Strokes are ragged, also halfway between two codes.",
  concentrated:
    'The same with an earlier default. Images are sharper, but many images halfway between two codes are fragments.',
};

const FACES = 'npm run faces -- --count 7000 --out build/faces.npz';
const SCREENSHOTS = 'npm run screenshots -- --runs runs --run faces --compare default,published';

export const GALLERY = [
  {
    name: 'Faces',
    text: 'Color images of 64x64 pixels with known attributes, which one command renders without a download.',
    results: [
      {
        title: 'Samples of rendered faces',
        pictures: ['faces-samples.png'],
        text: '64 samples after 10,000 iterations, which took about ten minutes on one thread of a two-core computer.',
        commands: `${FACES}\nnpx agenet train npz:build/faces.npz --steps 10000 --out runs/faces\nnpx agenet sample runs/faces --count 64 --out samples.png`,
        guide: '/guides/faces.html',
      },
      {
        title: 'Faces of 128x128 pixels',
        pictures: ['faces-128.png'],
        text: '24 samples after 3,000 iterations, 23 minutes of one core.',
        commands:
          'npm run faces -- --count 7000 --size 128 --out build/faces.npz\nnpx agenet train npz:build/faces.npz --steps 3000 --out runs/faces-128\nnpx agenet sample runs/faces-128 --count 24 --out samples.png',
        guide: '/guides/recipes.html#color-images',
      },
      {
        title: 'Samples of another style',
        pictures: ['avatars-samples.png'],
        text: 'Faces of DiceBear, after ten minutes on one thread with the same recipe.',
        commands:
          'npm run faces -- --style avataaars --labels top --count 7000 --out build/avatars.npz\nnpx agenet train npz:build/avatars.npz --out runs/avatars\nnpx agenet sample runs/avatars --count 64 --out samples.png',
        guide: '/guides/faces.html#another-style',
      },
      {
        title: 'Reconstructions of faces',
        pictures: ['faces-reconstructions.png'],
        text: 'Test images, each followed by its reconstruction. Hair, hats and skin are right; fine lines are not.',
        commands: 'npx agenet reconstruct runs/faces --count 32 --out reconstructions.png',
        guide: '/guides/faces.html',
      },
      {
        title: 'Walks between faces',
        pictures: ['faces-walk.png'],
        text: 'A row walks on the sphere from one random face to another.',
        commands: 'npx agenet interpolate runs/faces --rows 4 --frames 8 --out walk.png',
        guide: '/guides/faces.html#attributes',
      },
      {
        title: 'Glasses by a direction of the sphere',
        pictures: ['faces-glasses.png'],
        text: 'Test images, each followed by its reconstruction from a code that was moved toward faces with glasses.',
        commands:
          'npx agenet attribute runs/faces --with 1 --name glasses\nnpx agenet reconstruct runs/faces --count 8 --along glasses --by 0.8 --out glasses.png',
        guide: '/guides/faces.html#attributes',
      },
      {
        title: 'Where samples are drawn from',
        pictures: ['faces-density.png'],
        text: 'Samples of the whole sphere, refined once, and of the density of the codes of training images.',
        commands:
          'npx agenet sample runs/faces --draw-from prior --out prior.png\nnpx agenet sample runs/faces --out density.png',
        guide: '/guides/recipes.html#where-samples-are-drawn-from',
      },
      {
        title: 'A preview of ten minutes',
        pictures: ['faces.png'],
        text: '16 samples after ten minutes of training.',
        commands: 'npx agenet sample runs/faces --count 16 --out faces.png',
        guide: '/guides/faces.html',
      },
      {
        title: 'Fifty faces, and five hundred',
        pictures: ['few-photos.png'],
        text: 'Samples of models of 50 and of 500 PNG files, with the defaults for their number.',
        commands: `${FACES}\nnpx agenet dataset npz:build/faces.npz --count 50 --out photos\nnpx agenet train photos --out runs/photos\nnpx agenet sample runs/photos --out samples.png`,
        guide: '/guides/recipes.html#small-data-sets',
      },
    ],
  },
  {
    name: 'Conditional models',
    text: 'Both networks know something about each image: its class, its attributes, or a part of the picture.',
    results: [
      {
        title: 'Colors for gray faces',
        pictures: ['conditions-gray.png'],
        text: 'Gray test images, each with six colorizations. Training takes about eight minutes on one thread.',
        commands: `${FACES}\nnpx agenet train npz:build/faces.npz --condition gray --steps 3000 --out runs/gray\nnpx agenet complete runs/gray old.jpg --count 6 --out colors`,
        guide: '/guides/conditions.html#pictures',
      },
      {
        title: 'Detail for 16x16 pixels',
        pictures: ['conditions-small.png'],
        text: 'Faces of 16x16 pixels, each with six completions of 64x64 pixels.',
        commands:
          'npx agenet train npz:build/faces.npz --condition small:16 --steps 3000 --out runs/small\nnpx agenet complete runs/small tiny.png --count 6 --out detail',
        guide: '/guides/conditions.html#pictures',
      },
      {
        title: 'Holes filled',
        pictures: ['conditions-mask.png'],
        text: 'Faces with a hole, each with six completions.',
        commands:
          'npx agenet train npz:build/faces.npz --condition mask --steps 8000 --out runs/mask\nnpx agenet complete runs/mask photo.png --mask hole.png --count 6 --out filled',
        guide: '/guides/conditions.html#pictures',
      },
      {
        title: 'A hole that a visitor paints',
        pictures: ['conditions-painting.png'],
        text: 'The page of an exported model fills holes that a visitor paints.',
        commands: 'npx agenet export runs/mask --web --out page',
        guide: '/guides/conditions.html#files-and-pages',
      },
      {
        title: 'Colors for gray emoji',
        pictures: ['conditions-emoji.png'],
        text: 'The luminance of an emoji hardly determines its color, so colorizations differ.',
        commands:
          'npx agenet train package/img/google/64 --flip --condition gray --out runs/gray-emoji\nnpx agenet complete runs/gray-emoji emoji.png --count 6 --out emoji-colors',
        guide: '/guides/conditions.html#pictures',
      },
      {
        title: 'Chosen attributes',
        pictures: ['conditions-attributes.png'],
        text: 'Each column has the same random numbers: a base, with glasses, with a beard, with another skin, with other hair, and with the fatness 1 instead of 0.3.',
        commands: `${FACES}\nnpx agenet train npz:build/faces.npz --condition attributes:build/faces.csv --steps 4000 --out runs/attributes\nnpx agenet sample runs/attributes --where "hair=afro,glasses=true,fatness=0.8"`,
        guide: '/guides/conditions.html#attributes',
      },
      {
        title: 'Glasses by an attribute',
        pictures: ['conditions-glasses.png'],
        text: 'Test images, each followed by its reconstruction with glasses, and with its other attributes as predicted.',
        commands: 'npx agenet reconstruct runs/attributes face.png --where glasses=true',
        guide: '/guides/conditions.html#attributes',
      },
      {
        title: 'Digits of a class',
        pictures: ['conditions-samples.png'],
        text: 'A row per class, with the same random numbers in each column.',
        commands:
          'npx agenet train mnist --condition class --out runs/classes\nnpx agenet sample runs/classes --class all --count 10',
        guide: '/guides/conditions.html#classes',
      },
      {
        title: 'From three to eight',
        pictures: ['conditions-walk.png'],
        text: 'A walk between two classes, with one random draw per row.',
        commands: 'npx agenet interpolate runs/classes --from-class 3 --to-class 8 --frames 12',
        guide: '/guides/conditions.html#classes',
      },
    ],
  },
  {
    name: 'Digits',
    text: 'MNIST is part of the package, so these commands need no download of data.',
    results: [
      {
        title: 'Samples of the demo',
        pictures: ['samples.png'],
        text: 'The demo trains for 1,500 iterations, which takes 4 to 8 minutes on two CPU cores.',
        commands: 'npm ci && npm run demo',
        guide: '/guides/overview.html#quick-start',
      },
      {
        title: 'Reconstructions of digits',
        pictures: ['reconstructions.png'],
        text: 'Test digits, each followed by its reconstruction on the right.',
        commands: 'npx agenet train mnist --steps 1874 --out runs/first\nnpx agenet reconstruct runs/first',
        guide: '/guides/usage.html',
      },
      {
        title: 'Prior and density',
        pictures: ['refined.png'],
        text: 'Samples of the demo, of the prior in one pass and of the density. The FID is 27.5 and 4.8.',
        commands:
          'npx agenet sample runs/first --draw-from prior --refine 0 --out prior.png\nnpx agenet sample runs/first --out density.png',
        guide: '/guides/recipes.html#where-samples-are-drawn-from',
      },
      {
        title: 'A loop through four digits',
        pictures: ['loop.png'],
        text: 'One segment per row; the last one returns to the first digit.',
        commands:
          'npx agenet dataset mnist --split test --count 100 --out digits\nnpx agenet interpolate runs/first digits/{1,4,9,7}/000000.png --loop --out loop.png',
        guide: '/guides/usage.html#interpolation',
      },
      {
        title: 'A map of all codes',
        pictures: ['map.png'],
        text: 'Test digits at the positions that UMAP assigns to their codes. Frames are classes.',
        commands: 'npx agenet map runs/first --split test --method umap --out map.png',
        guide: '/guides/usage.html#maps',
      },
      {
        title: 'What each part of the method does',
        pictures: ['teaching.png'],
        text: 'Samples above and reconstructions below: with both parts of the method, without competition, and without reconstruction.',
        commands: `npx agenet train mnist --width 8 --steps 600 --out runs/both
npx agenet train mnist --width 8 --steps 600 --encoder-updates "1;match_x:52" --generator-updates "1;match_x:34" --out runs/autoencoder
npx agenet train mnist --width 8 --steps 600 --encoder-updates "1;KL_fake:3.7,KL_real:4" --generator-updates "2;KL_fake:4" --out runs/competition`,
        guide: '/guides/teaching.html',
      },
      {
        title: 'Accuracy with few labels',
        pictures: ['few-labels.svg'],
        text: 'Accuracy on test images against the number of labels, for classifiers on codes, features and pixels.',
        commands:
          'npx agenet train mnist --preset published --ema 0.999 --steps 1874 --out runs/digits\nnpx agenet probe runs/digits --labels 10,100,1000,all --json > probe.json\nnode bench/plot-labels.mjs < probe.json > few-labels.svg',
        guide: '/guides/few-labels.html',
      },
    ],
  },
  {
    name: 'Recipes compared',
    text: 'Three recipes on MNIST: width 16, latent size 64, ten epochs.',
    results: [
      ...RECIPES.map((recipe) => ({
        title: recipe === 'default' ? 'The default recipe' : `The preset ${recipe}`,
        pictures: recipePictures(recipe),
        text: RECIPE_TEXTS[recipe],
        commands: `npx agenet train mnist${recipe === 'default' ? '' : ` --preset ${recipe}`} --out runs/${recipe}\nnode bench/recipe-pictures.mjs runs/${recipe} docs/images/recipe-${recipe}`,
        guide: '/guides/recipes.html#the-default-recipe',
      })),
      {
        title: 'Quality against spread',
        pictures: ['recipe-trade-off.svg'],
        text: 'FID, FID of midpoints and accuracies against the variance of codes, for five weights of the term that spreads codes.',
        commands:
          'node bench/tune.mjs --names no-uniform,uniform-2,default,uniform-8,uniform-16 --steps 1874 --seeds 1\nnode bench/plot-recipes.mjs --names no-uniform,uniform-2,default,uniform-8,uniform-16 > docs/images/recipe-trade-off.svg',
        guide: '/guides/recipes.html#the-default-recipe',
      },
    ],
  },
  {
    name: 'Clothes and emoji',
    results: [
      {
        title: 'Fashion-MNIST after ten epochs',
        pictures: ['fashion-mnist-samples.png', 'fashion-mnist-reconstructions.png'],
        text: 'Samples, and test images with their reconstructions. Ten epochs took 47 minutes on one core of an AMD EPYC whose other core was busy.',
        commands:
          'apt-get install dataset-fashion-mnist\nnpx agenet train fashion-mnist --threads 1 --out runs/fashion\nnode bench/recipe-pictures.mjs runs/fashion docs/images/fashion-mnist fashion-mnist',
        guide: '/guides/fashion-mnist.html',
      },
      {
        title: 'Emoji after 9,370 iterations',
        pictures: ['emoji-samples.png', 'emoji-reconstructions.png'],
        text: '3,786 emoji as 64x64 PNG files. Training took 11 minutes on one thread of a two-core computer whose other core was busy.',
        commands: `npm pack emoji-datasource-google
tar xzf emoji-datasource-google-*.tgz package/img/google/64
npx agenet train package/img/google/64 --flip --out runs/emoji
npx agenet sample runs/emoji --count 64 --out samples.png
npx agenet reconstruct runs/emoji --count 32 --out reconstructions.png`,
        guide: '/guides/emoji.html',
      },
      {
        title: 'Emoji of the prior and of the density',
        pictures: ['emoji-density.png'],
        text: 'Samples of the prior, refined once, and of the density of the codes of training images.',
        commands:
          'npx agenet sample runs/emoji --draw-from prior --count 64 --out prior.png\nnpx agenet sample runs/emoji --count 64 --out density.png',
        guide: '/guides/recipes.html#color-images',
      },
    ],
  },
  {
    name: 'Pages',
    text: 'The studio, the page of an exported model, and the playground.',
    results: [
      {
        title: 'Studio',
        pictures: ['studio-runs.png', 'studio-run.png', 'studio-compare.png', 'studio-start.png'],
        text: 'The list of runs, a run with its curves, runs compared, and the form of a new run.',
        commands: `npx agenet studio\n${SCREENSHOTS}`,
        guide: '/guides/studio.html',
      },
      {
        title: 'A model in the studio',
        pictures: ['studio-explore.png'],
        text: 'Samples, reconstructions, walks, neighbors, attributes and a map of the codes of one model.',
        commands: `npx agenet studio\n${SCREENSHOTS}`,
        guide: '/guides/studio.html#exploring',
      },
      {
        title: 'The page of an exported model',
        pictures: ['export-page.png'],
        text: 'Samples, reconstructions and a walk. The page opens from a folder, without a server.',
        commands: `npx agenet export runs/first --web --out page\n${SCREENSHOTS}`,
        guide: '/guides/export.html#a-page-that-runs-the-model',
      },
      {
        title: 'Playground',
        pictures: ['playground-plane.png', 'playground-tour.png', 'playground-digits.png', 'playground-explore.png'],
        text: 'Networks that train in the page, in two dimensions and on digits, and a trained model to explore.',
        commands: `npm run playground\n${SCREENSHOTS}`,
        guide: '/guides/web.html#the-playground',
      },
    ],
  },
  {
    name: 'Measurements',
    results: [
      {
        title: 'Time per iteration relative to PyTorch',
        pictures: ['ratios.svg'],
        text: 'Two virtual cores of an AMD EPYC (Zen 5, AVX-512), ONNX Runtime 1.30.0, PyTorch 2.6.0 and Node 20.20.',
        commands:
          'npm run build\nnode bench/compare.mjs --width 16 --python python3\nnode bench/plot.mjs < bench/ratios.jsonl > docs/images/ratios.svg',
        guide: '/guides/performance.html#comparison-with-pytorch',
      },
      {
        title: 'Speed with several processes',
        pictures: ['scaling.svg'],
        text: 'Predicted from measured computing time and calculated communication time.',
        commands: 'node bench/scaling.mjs < bench/scaling.jsonl > docs/images/scaling.svg',
        guide: '/guides/distributed.html#communication',
      },
    ],
  },
];
