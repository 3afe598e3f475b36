"""Time AGE training iterations in PyTorch, optimized: channels-last memory format, no gradients that an update does not need, and one fused pass of Adam.

    python3 age_pytorch.py --threads 2 --configuration CONFIGURATION
    cat GOLDEN.safetensors... | python3 age_pytorch.py --check

CONFIGURATION is that of `agenet bench --json`: any recipe of unconditional networks with the divergence qp, the distances L1 and cos, and no augmentation. Print one JSON object: seconds_per_iteration (median of --iterations after --warmup), peak_rss_mb, torch, threads. With --check, compare gradients with golden files from standard input, and print the largest error, relative to the largest gradient of each tensor.
"""
import argparse
import io
import json
import math
import resource
import statistics
import struct
import sys
import time
from collections import OrderedDict
from functools import cached_property

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Norm(nn.Module):
    """Batch normalization, with running statistics for each kind of input."""

    def __init__(self, width):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        for kind in ('native', 'generated'):
            self.register_buffer(f'{kind}_mean', torch.zeros(width))
            self.register_buffer(f'{kind}_var', torch.ones(width))

    def forward(self, x, kind):
        statistics = (getattr(self, f'{kind}_mean'), getattr(self, f'{kind}_var')) if kind else (None, None)
        return F.batch_norm(x, *statistics, self.weight, self.bias, True, 0.1, 1e-5)


def halvings(size):
    """Between the image and 4x4."""
    return int(math.log2(size)) - 2


def add_numbered(module, name, layers, first=1):
    """Register layers as name1, name2, ..., and return them."""
    for number, layer in enumerate(layers, first):
        module.add_module(f'{name}{number}', layer)
    return layers


class DcganEncoder(nn.Module):
    def __init__(self, size, width, latent, channels):
        super().__init__()
        widths = [width * 2 ** index for index in range(halvings(size))]
        last = nn.Conv2d(widths[-1], latent, 4, 2, 1) if size == 32 else nn.Conv2d(widths[-1], latent, 4)
        self.convs = add_numbered(self, 'conv', [*(nn.Conv2d(before, after, 4, 2, 1, bias=False) for before, after in zip([channels, *widths], widths)), last])
        self.norms = add_numbered(self, 'norm', list(map(Norm, widths[1:])), first=2)

    def forward(self, x, kind):
        x = F.leaky_relu(self.convs[0](x), 0.2, inplace=True)
        for conv, norm in zip(self.convs[1:], self.norms):
            x = F.leaky_relu(norm(conv(x), kind), 0.2, inplace=True)
        return self.convs[-1](x).mean((2, 3), keepdim=True)


class DcganGenerator(nn.Module):
    def __init__(self, size, width, latent, channels):
        super().__init__()
        widths = [8 * width, 4 * width, 2 * width, 2 * width] if size == 32 else [width * 2 ** index for index in reversed(range(halvings(size)))]
        last = nn.Conv2d(widths[-1], channels, 1) if size == 32 else nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False)
        strides = [(1, 0), *[(2, 1)] * (len(widths) - 1)]
        self.convs = add_numbered(self, 'conv', [*(nn.ConvTranspose2d(before, after, 4, *stride, bias=False) for before, after, stride in zip([latent, *widths], widths, strides)), last])
        self.norms = add_numbered(self, 'norm', list(map(Norm, widths)))

    def forward(self, x, kind):
        for conv, norm in zip(self.convs, self.norms):
            x = F.relu(norm(conv(x), kind), inplace=True)
        return torch.tanh(self.convs[-1](x))


def conv3(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class BilinearConv(nn.Conv2d):
    """A 1x1 convolution to twice the size. Beyond its border, x is 0."""

    def forward(self, x):
        x = F.pad(F.conv2d(x, self.weight), (1, 1, 1, 1))
        return F.interpolate(x, scale_factor=2, mode='bilinear')[:, :, 2:-2, 2:-2] + self.bias[:, None, None]


class Block(nn.Module):
    """Two 3x3 convolutions behind activations, beside a shortcut."""

    def __init__(self, widths, shortcut=None, before=nn.Identity(), after=nn.Identity()):
        super().__init__()
        self.conv1, self.conv2 = conv3(*widths[:2]), conv3(*widths[1:])
        self.before, self.after, self.shortcut = before, after, shortcut or nn.Identity()

    def forward(self, x):
        branch = self.conv1(self.before(F.leaky_relu(x, 0.2)))
        return self.after(self.conv2(F.leaky_relu(branch, 0.2, inplace=True))) + self.shortcut(x)


def residual_widths(size, width):
    return [width * min(2 ** index, 8) for index in range(halvings(size))]


class ResidualEncoder(nn.Module):
    def __init__(self, size, width, latent, channels):
        super().__init__()
        widths = residual_widths(size, width)
        self.stem = conv3(channels, width)
        shortcut = lambda before, after: nn.Sequential(OrderedDict(pool=nn.AvgPool2d(2), conv=nn.Conv2d(before, after, 1)))
        self.blocks = add_numbered(self, 'block', [Block((before, before, after), shortcut(before, after), after=nn.AvgPool2d(2)) for before, after in zip(widths, widths[1:])])
        self.middle = Block([widths[-1]] * 3)
        self.head = nn.Conv2d(widths[-1], latent, 4)

    def forward(self, x, kind):
        x = self.stem(F.avg_pool2d(x, 2))
        for block in self.blocks:
            x = block(x)
        return self.head(F.leaky_relu(self.middle(x), 0.2))


class ResidualGenerator(nn.Module):
    def __init__(self, size, width, latent, channels):
        super().__init__()
        widths = residual_widths(size, width)[::-1]
        self.scale = latent ** 0.5
        self.stem = nn.ConvTranspose2d(latent, widths[0], 4)
        self.middle = Block([widths[0]] * 3)
        self.blocks = add_numbered(self, 'block', [Block((before, after, after), BilinearConv(before, after, 1), before=nn.Upsample(scale_factor=2)) for before, after in zip(widths, widths[1:])])
        self.head = conv3(width, channels)

    def forward(self, x, kind):
        x = self.middle(self.stem(self.scale * x))
        for block in self.blocks:
            x = block(x)
        return torch.tanh(self.head(F.interpolate(F.leaky_relu(x, 0.2), scale_factor=2)))


def distort_rows(x, shift, scale, shear):
    """Sample each row at positions between its pixels. For grid_sample, -1 and 1 are the centers of the outer pixels."""
    rows, columns = torch.meshgrid(*(torch.linspace(-1, 1, size) for size in x.shape[2:]), indexing='ij')
    shift, scale, shear = (value[:, None, None] for value in (2 * shift / (x.shape[3] - 1), scale, shear))
    sources = columns * scale + rows * shear - shift
    return F.grid_sample(x, torch.stack([sources, rows.expand_as(sources)], -1), 'bilinear', 'border', align_corners=True)


def distort(x, distortions):
    """Distort square images along their rows, then along their columns."""
    values = distortions.unbind(1)
    return distort_rows(distort_rows(x, *values[:3]).mT, *values[3:]).mT


def cosine_distance(a, b):
    return 2 - (F.normalize(a) * F.normalize(b)).mean()


class Passes:
    """Passes of one batch, computed when a loss first needs them. Images are reconstructed from codes moved towards z by the displacements, if there are any. Without has_fake_gradient, samples are constants."""

    def __init__(self, age, x, z, distortions, displacements, has_fake_gradient):
        self.age, self.x, self.z, self.distortions, self.displacements, self.has_fake_gradient = age, x, z, distortions, displacements, has_fake_gradient

    @cached_property
    def codes(self):
        return self.age.encode(self.x, 'native')

    @cached_property
    def reconstruction(self):
        moved = self.codes if self.displacements is None else F.normalize(self.codes + self.displacements * self.z)
        return self.age.generate(moved, 'generated')

    @cached_property
    def distorted_codes(self):
        return self.age.encode(distort(self.x, self.distortions), None)

    @cached_property
    def fake_codes(self):
        with torch.set_grad_enabled(self.has_fake_gradient):
            fake = self.age.generate(self.z, 'native')
        return self.age.encode(fake, 'generated')


TERMS = {
    'KL_real': lambda age, passes: age.divergence(passes.codes),
    'KL_fake': lambda age, passes: age.divergence(passes.fake_codes),
    'match_x': lambda age, passes: (passes.reconstruction - passes.x).abs().mean(),
    'match_z': lambda age, passes: cosine_distance(passes.fake_codes, passes.z),
    'align': lambda age, passes: cosine_distance(passes.codes, passes.distorted_codes),
    'uniform': lambda age, passes: torch.exp(8 * passes.codes @ passes.codes.T).mean().log(),
}


class Age:
    def __init__(self, network, size, channels, width, latent, moment, margin):
        kinds = (DcganEncoder, DcganGenerator) if network.startswith('dcgan') else (ResidualEncoder, ResidualGenerator)
        self.networks = {name: kind(size, width, latent, channels).to(memory_format=torch.channels_last) for name, kind in zip(('encoder', 'generator'), kinds)}
        self.has_variance, self.margin = moment == 'variance', margin
        # Of codes with mean 0 and variance 1 / latent.
        s = latent ** (-1 if self.has_variance else -0.5)
        self.least_divergence = s * s / 2 - math.log(s) - 0.5

    def encode(self, x, kind):
        return F.normalize(self.networks['encoder'](x.contiguous(memory_format=torch.channels_last), kind).flatten(1))

    def generate(self, z, kind):
        return self.networks['generator'](z[:, :, None, None], kind)

    def divergence(self, codes):
        mean, variance = codes.mean(0), codes.var(0, unbiased=False)
        square, log = (variance * variance, variance.log()) if self.has_variance else (variance, variance.log() / 2)
        return ((square + mean * mean) / 2 - log - 0.5).mean()

    def loss(self, name, weights, passes):
        def weighted(term, weight):
            value = TERMS[term](self, passes)
            if name == 'generator' or term != 'KL_fake':
                return weight * value
            # The encoder maximizes it, up to the margin.
            gain = -weight * (value - self.least_divergence)
            return gain.clamp(min=-self.margin) if self.margin else gain

        return sum(weighted(term, weight) for term, weight in weights.items() if weight)

    def gradients(self, losses, x, z, distortions, displacements):
        """Of the losses of networks, given by the weights of their terms, from the same passes."""
        for name, network in self.networks.items():
            network.requires_grad_(name in losses)
        passes = Passes(self, x, z, distortions, displacements, has_fake_gradient='KL_fake' in losses.get('generator', {}))
        last = [*losses][-1]
        return {name: torch.autograd.grad(self.loss(name, weights, passes), [*self.networks[name].parameters()], retain_graph=name != last) for name, weights in losses.items()}


def parse_plan(text):
    updates, terms = text.split(';')
    return int(updates), {name: float(weight) for name, weight in (term.split(':') for term in terms.split(','))}


def schedule_of(configuration):
    """The losses of each batch, and the networks that take a step after it."""
    (encoder_updates, encoder), (generator_updates, generator) = (parse_plan(configuration[f'{name}Updates']) for name in ('encoder', 'generator'))
    if configuration['updateOrder'] == 'simultaneous':
        return [(dict(encoder=encoder, generator=generator), ('encoder', 'generator'))]
    # The first update of the generator adds the gradient of the last reconstruction.
    match_x = {name: weight for name, weight in generator.items() if name == 'match_x'}
    others = {name: weight for name, weight in generator.items() if name != 'match_x'}
    shared = dict(encoder=encoder, generator=match_x) if match_x else dict(encoder=encoder)
    last = (shared, ('encoder',))
    return [*[(dict(encoder=encoder), ('encoder',))] * (encoder_updates - 1), last, *[(dict(generator=others), ('generator',))] * generator_updates]


def require(configuration, **wanted):
    for name, value in wanted.items():
        if configuration[name] != value:
            sys.exit(f'{name} {configuration[name]}: only {value} is implemented')


def measure(configuration, warmup, iterations):
    """Return the seconds of each iteration."""
    require(configuration, condition='none', divergence='qp', reduction='mean', matchX='L1', matchZ='cos', prior='sphere', augment=[])
    schedule = schedule_of(configuration)
    age = Age(**{name: configuration[name] for name in ('network', 'size', 'channels', 'width', 'latent', 'moment', 'margin')})
    optimizers = {name: torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999), fused=True) for name, network in age.networks.items()}
    averages = [(AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True), network) for network in age.networks.values() if configuration['ema']]
    batch, size = configuration['batch'], configuration['size']
    pixels = torch.randint(0, 256, (batch, configuration['channels'], size, size), dtype=torch.uint8)
    ranges = torch.tensor([size / 16, 0.1, 0.15] * 2)
    noise = configuration['codeNoise']

    def iterate():
        x = pixels.float() * (2 / 255) - 1
        for losses, learning in schedule:
            z = F.normalize(torch.randn(batch, configuration['latent']))
            distortions = torch.tensor([0.0, 1, 0] * 2) + ranges * (2 * torch.rand(batch, 6) - 1)
            displacements = noise * torch.rand(batch, 1) if noise else None
            for name, gradients in age.gradients(losses, x, z, distortions, displacements).items():
                for parameter, gradient in zip(age.networks[name].parameters(), gradients):
                    parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
            for name in learning:
                optimizers[name].step()
                optimizers[name].zero_grad()
        for average, network in averages:
            average.update_parameters(network)

    times = []
    for _ in range(warmup + iterations):
        start = time.perf_counter()
        iterate()
        times.append(time.perf_counter() - start)
    return times[warmup:]


def read_golden(file):
    """Read the tensors and the case of a safetensors file."""
    header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
    case = json.loads(header.pop('__metadata__')['case'])
    data = file.read(max(entry['data_offsets'][1] for entry in header.values()))
    return {name: torch.frombuffer(bytearray(data[slice(*entry['data_offsets'])]), dtype=torch.float32).reshape(entry['shape']) for name, entry in header.items()}, case


def error_in(tensors, case):
    """The largest error of gradients of an encoder update and a generator update."""
    names = {'encoder': ('kl_real', 'kl_fake', 'match_x', 'match_z', 'align', 'uniform'), 'generator': ('kl_fake', 'match_z', 'match_x')}
    losses = {network: {name.replace('kl', 'KL'): case.get(f'{network[0]}_{name}', 0) for name in terms} for network, terms in names.items()}
    x = tensors['input/x']
    age = Age(case['arch'], x.shape[3], case['nc'], case['nf'], case['nz'], case['moment'], case.get('e_margin', 0))
    with torch.no_grad():
        for name, network in age.networks.items():
            for key, parameter in network.named_parameters():
                parameter.copy_(tensors[f'initial/{name}.{key}'])
    errors = []
    for name, network in age.networks.items():
        z, displacements = (tensors.get(f'input/{kind}_{name}_update') for kind in ('z', 'displacements'))
        gradients = age.gradients({name: losses[name]}, x, z, tensors.get('input/distortions'), displacements)[name]
        for (key, _), gradient in zip(network.named_parameters(), gradients):
            golden = tensors[f'{name}_update/grad/{name}.{key}']
            errors.append(((gradient - golden).abs().max() / golden.abs().max()).item())
    return max(errors)


parser = argparse.ArgumentParser()
parser.add_argument('--check', action='store_true')
parser.add_argument('--configuration', type=json.loads)
for option, default in dict(threads=2, iterations=9, warmup=6).items():
    parser.add_argument(f'--{option}', type=int, default=default)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
if options.check:
    files = io.BytesIO(sys.stdin.buffer.read())
    errors = []
    while files.tell() < len(files.getbuffer()):
        errors.append(error_in(*read_golden(files)))
    print(json.dumps({'largest_error': max(errors), 'files': len(errors)}))
else:
    seconds = statistics.median(measure(options.configuration, options.warmup, options.iterations))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'torch': torch.__version__, 'threads': options.threads, 'seconds_per_iteration': seconds, 'peak_rss_mb': peak}))
