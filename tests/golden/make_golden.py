"""Make a golden file: one encoder and one generator update of AGE in PyTorch, in double precision.

    python3 make_golden.py dcgan32-uniform.safetensors
    python3 make_golden.py dcgan32-margin.safetensors --margin 2
    python3 make_golden.py dcgan32-displaced.safetensors --displaced
    python3 make_golden.py resnet32-rgb.safetensors --network resnet32
    python3 make_golden.py dcgan32-classes.safetensors --classes 3
    python3 make_golden.py dcgan32-colorization.safetensors --picture gray

The case has the terms that the published code lacks: alignment of the codes of distorted images, and their uniformity, a margin on what the encoder maximizes, and reconstruction from codes moved towards the random ones. Residual networks have match_z of the encoder instead of the alignment. Conditional networks are told the class of each image and sample: the generator as further channels of the code, the encoder as a further channel of the image, and both by shifts of their features at every size. Or they are shown the luminance of the image: the encoder beside the image, and the generator by two convolutions at every size of its features. Made with PyTorch 2.6. Inputs are rounded to float32, so that both sides read the same numbers.
"""
import argparse
import json
import math
import struct

import torch
from torch.nn import functional as F

CASE = dict(
    arch='dcgan32', nf=4, nz=8, nc=1, batch=6, moment='std', reduce='mean', direction='qp', criterion='gaussian',
    match_x='L1', match_z='cos', noise='sphere', displaced=False, nk=0, picture='', e_kl_real=4.0, e_kl_fake=3.0, e_match_x=10.0, e_match_z=0.0, e_align=50.0, e_uniform=5.0,
    g_kl_fake=4.0, g_match_z=1000.0, g_match_x=5.0,
)
# The divergence of codes with mean 0 and variance 1/M.
MINIMUM = (1 / CASE['nz'] + math.log(CASE['nz'])) / 2 - 0.5
N, M, BATCH = (CASE[key] for key in ('nf', 'nz', 'batch'))
random = torch.Generator().manual_seed(20)


def normal(*shape):
    return torch.randn(*shape, generator=random).double()


def luminance(x):
    return 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]


def with_norm(name, width, values):
    values[f'{name}.weight'] = (1 + 0.1 * normal(width)).float().double()
    values[f'{name}.bias'] = (0.1 * normal(width)).float().double()
    values[f'{name}.running_mean'] = (0.1 * normal(width)).float().double()
    values[f'{name}.running_var'] = (1 + 0.2 * torch.rand(width, generator=random)).double().float().double()


def initial_values():
    values = {}
    weight = lambda *shape: (0.1 * normal(*shape)).float().double()
    if CASE['nk']:
        values['encoder.condition.weight'] = normal(CASE['nk'], 32, 32).float().double()
    extra = 1 if CASE['nk'] or CASE['picture'] else 0
    for layer, (inputs, outputs) in enumerate([(CASE['nc'] + extra, N), (N, 2 * N), (2 * N, 4 * N), (4 * N, M)], 1):
        values[f'encoder.conv{layer}.weight'] = weight(outputs, inputs, 4, 4)
        if layer in (2, 3):
            with_norm(f'encoder.norm{layer}', outputs, values)
        if CASE['nk']:
            values[f'encoder.conv{layer}_condition.weight'] = weight(CASE['nk'], outputs)
    values['encoder.conv4.bias'] = weight(M)
    if CASE['nk']:
        values['encoder.pool_condition.weight'] = weight(CASE['nk'], M)
    for layer, (inputs, outputs) in enumerate([(M + CASE['nk'], 8 * N), (8 * N, 4 * N), (4 * N, 2 * N), (2 * N, 2 * N)], 1):
        values[f'generator.conv{layer}.weight'] = weight(inputs, outputs, 4, 4)
        with_norm(f'generator.norm{layer}', outputs, values)
        if layer < 4 and CASE['nk']:
            values[f'generator.conv{layer}_condition.weight'] = weight(CASE['nk'], outputs)
        if layer < 4 and CASE['picture']:
            for number, (before, after) in enumerate([(1, N), (N, outputs)], 1):
                values[f'generator.conv{layer}_condition.conv{number}.weight'] = weight(after, before, 3, 3)
            values[f'generator.conv{layer}_condition.conv1.bias'] = weight(N)
    values['generator.conv5.weight'] = weight(CASE['nc'], 2 * N, 1, 1)
    values['generator.conv5.bias'] = weight(CASE['nc'])
    return values


class Pair:
    """Both networks, with parameters and running statistics by name."""

    def __init__(self, values, training, learning=None):
        self.values = {name: value.clone() for name, value in values.items()}
        self.training = training
        self.parameters = {name: value for name, value in self.values.items() if learning and name.startswith(learning) and 'running' not in name}
        for value in self.parameters.values():
            value.requires_grad_(True)

    def norm(self, name, x, keeps_statistics):
        statistics = [self.values[f'{name}.running_{moment}'] for moment in ('mean', 'var')]
        if keeps_statistics:
            statistics = [value.clone() for value in statistics]
        return F.batch_norm(x, *statistics, self.values[f'{name}.weight'], self.values[f'{name}.bias'], self.training, 0.1, 1e-5)

    def with_condition(self, name, x, y):
        """Shift features by what the condition says of them, if it does."""
        if f'{name}_condition.weight' in self.values:
            return x + (y @ self.values[f'{name}_condition.weight'])[:, :, None, None]
        if f'{name}_condition.conv1.weight' in self.values:
            weight1, bias, weight2 = (self.values[f'{name}_condition.{part}'] for part in ('conv1.weight', 'conv1.bias', 'conv2.weight'))
            seen = F.relu(F.conv2d(F.avg_pool2d(y, 32 // x.shape[2]), weight1, bias, padding=1))
            return x + F.conv2d(seen, weight2, padding=1)
        return x

    def encode(self, x, y=None, keeps_statistics=False):
        if CASE['nk']:
            x = torch.cat([x, torch.einsum('nk,khw->nhw', y, self.values['encoder.condition.weight'])[:, None]], 1)
        if CASE['picture']:
            x = torch.cat([x, y], 1)
        for layer in (1, 2, 3):
            x = F.conv2d(x, self.values[f'encoder.conv{layer}.weight'], stride=2, padding=1)
            x = self.with_condition(f'encoder.conv{layer}', x, y)
            if layer > 1:
                x = self.norm(f'encoder.norm{layer}', x, keeps_statistics)
            x = F.leaky_relu(x, 0.2)
        x = F.conv2d(x, self.values['encoder.conv4.weight'], self.values['encoder.conv4.bias'], stride=2, padding=1)
        x = self.with_condition('encoder.conv4', x, y)
        return F.normalize(self.with_condition('encoder.pool', F.avg_pool2d(x, 2), y).flatten(1))

    def generate(self, z, y=None):
        x = (torch.cat([z, y], 1) if CASE['nk'] else z)[:, :, None, None]
        for layer in (1, 2, 3, 4):
            stride, padding = (1, 0) if layer == 1 else (2, 1)
            x = F.conv_transpose2d(x, self.values[f'generator.conv{layer}.weight'], stride=stride, padding=padding)
            x = self.with_condition(f'generator.conv{layer}', x, y)
            x = F.relu(self.norm(f'generator.norm{layer}', x, False))
        x = torch.tanh(F.conv2d(x, self.values['generator.conv5.weight'], self.values['generator.conv5.bias']))
        return x + y - luminance(x) if CASE['picture'] else x


def residual_values():
    values = {}

    def layer(name, *shape, axis=0):
        fan_in = math.prod(shape[1:])
        values[f'{name}.weight'] = (normal(*shape) / fan_in ** 0.5).float().double()
        values[f'{name}.bias'] = (0.1 * normal(shape[axis])).float().double()

    def block(name, first, second, shortcut=None):
        layer(f'{name}.conv1', *first, 3, 3)
        layer(f'{name}.conv2', *second, 3, 3)
        if shortcut:
            layer(f'{name}.{shortcut}', second[0], first[1], 1, 1)

    channels = CASE['nc']
    layer('encoder.stem', N, channels, 3, 3)
    for number, width in enumerate((N, 2 * N), 1):
        block(f'encoder.block{number}', (width, width), (2 * width, width), 'shortcut.conv')
    block('encoder.middle', (4 * N, 4 * N), (4 * N, 4 * N))
    layer('encoder.head', M, 4 * N, 4, 4)
    layer('generator.stem', M, 4 * N, 4, 4, axis=1)
    block('generator.middle', (4 * N, 4 * N), (4 * N, 4 * N))
    for number, width in enumerate((2 * N, N), 1):
        block(f'generator.block{number}', (width, 2 * width), (width, width), 'shortcut')
    layer('generator.head', channels, N, 3, 3)
    return values


class ResidualPair(Pair):
    """Convolutions and resampling one after the other, as they are defined."""

    def conv(self, name, x, padding=0):
        return F.conv2d(x, self.values[f'{name}.weight'], self.values[f'{name}.bias'], padding=padding)

    def branch(self, name, x, before_conv1=lambda x: x):
        x = self.conv(f'{name}.conv1', before_conv1(F.leaky_relu(x, 0.2)), padding=1)
        return self.conv(f'{name}.conv2', F.leaky_relu(x, 0.2), padding=1)

    def bilinear(self, name, x):
        x = F.conv2d(x, self.values[f'{name}.weight'])
        taps = torch.tensor([1, 3, 3, 1]).double() / 4
        kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 4, 4)
        x = F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])
        return x + self.values[f'{name}.bias'][:, None, None]

    def encode(self, x, y=None, keeps_statistics=False):
        x = self.conv('encoder.stem', F.avg_pool2d(x, 2), padding=1)
        for name in ('encoder.block1', 'encoder.block2'):
            x = F.avg_pool2d(self.branch(name, x), 2) + self.conv(f'{name}.shortcut.conv', F.avg_pool2d(x, 2))
        x = x + self.branch('encoder.middle', x)
        return F.normalize(self.conv('encoder.head', F.leaky_relu(x, 0.2)).flatten(1))

    def generate(self, z, y=None):
        values = self.values
        x = F.conv_transpose2d(M ** 0.5 * z[:, :, None, None], values['generator.stem.weight'], values['generator.stem.bias'])
        x = x + self.branch('generator.middle', x)
        enlarged = lambda x: F.interpolate(x, scale_factor=2, mode='nearest')
        for name in ('generator.block1', 'generator.block2'):
            x = self.branch(name, x, enlarged) + self.bilinear(f'{name}.shortcut', x)
        return torch.tanh(self.conv('generator.head', enlarged(F.leaky_relu(x, 0.2)), padding=1))


NETWORKS = dict(dcgan32=(initial_values, Pair), resnet32=(residual_values, ResidualPair))


def divergence(codes):
    mean, deviation = codes.mean(0), codes.std(0, unbiased=False)
    return ((deviation ** 2 + mean ** 2) / 2 - deviation.log() - 0.5).mean()


def uniformity(codes):
    return torch.exp(8 * codes @ codes.T).mean().log()


def cosine_distance(a, b):
    return 2 - (F.normalize(a) * F.normalize(b)).mean()


def distort_rows(x, shift, scale, shear):
    """Sample each row at positions between its pixels. Coordinates are those of grid_sample: -1 and 1 are the centers of the outer pixels."""
    position = torch.linspace(-1, 1, x.shape[3]).double()
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, x.shape[2]).double(), position, indexing='ij')
    shift, scale, shear = (value[:, None, None] for value in (2 * shift / (x.shape[3] - 1), scale, shear))
    sources = columns * scale + rows * shear - shift
    grid = torch.stack([sources, rows.expand_as(sources)], -1)
    return F.grid_sample(x, grid, 'bilinear', 'border', align_corners=True)


def distorted(x, distortions):
    """Distort square images along their rows, then along their columns."""
    values = distortions.unbind(1)
    return distort_rows(distort_rows(x, *values[:3]).mT, *values[3:]).mT


def moved(code, z, displacements):
    return code if displacements is None else F.normalize(code + displacements * z)


def encoder_update(values, x, y, z, displacements, distortions, margin):
    pair = NETWORKS[CASE['arch']][1](values, True, 'encoder')
    code = pair.encode(x, y)
    reconstruction = pair.generate(moved(code, z, displacements), y)
    code_of_distorted = pair.encode(distorted(x, distortions), y, keeps_statistics=True)
    with torch.no_grad():
        fake = pair.generate(z, y)
    code_of_fake = pair.encode(fake, y)
    terms = dict(kl_real=divergence(code), kl_fake=divergence(code_of_fake), match_x=(reconstruction - x).abs().mean())
    terms |= dict(align=cosine_distance(code, code_of_distorted), uniform=uniformity(code))
    if CASE['e_match_z']:
        terms['match_z'] = cosine_distance(code_of_fake, z)
    weights = dict(kl_real=CASE['e_kl_real'], kl_fake=-CASE['e_kl_fake'], **{name: CASE[f'e_{name}'] for name in terms if not name.startswith('kl')})
    loss = sum(weight * terms[name] for name, weight in weights.items())
    if margin:
        bounded = (weights['kl_fake'] * (terms['kl_fake'] - MINIMUM)).clamp(min=-margin)
        loss = bounded + sum(weights[name] * terms[name] for name in terms if name != 'kl_fake')
    loss.backward()
    return pair, dict(loss=loss, **terms), dict(code_of_x=code, reconstruction=reconstruction)


def generator_update(values, x, y, z, displacements):
    pair = NETWORKS[CASE['arch']][1](values, True, 'generator')
    fake = pair.generate(z, y)
    code_of_fake = pair.encode(fake, y)
    code = pair.encode(x, y)
    reconstruction = pair.generate(moved(code, z, displacements), y)
    terms = dict(kl_fake=divergence(code_of_fake), match_z=cosine_distance(code_of_fake, z), match_x=(reconstruction - x).abs().mean())
    loss = CASE['g_kl_fake'] * terms['kl_fake'] + CASE['g_match_z'] * terms['match_z'] + CASE['g_match_x'] * terms['match_x']
    loss.backward()
    return pair, dict(loss=loss, **terms), dict(fake=fake)


def write_safetensors(path, tensors, metadata):
    header, data, offset = {'__metadata__': metadata}, [], 0
    for name, tensor in tensors.items():
        data.append(tensor.detach().float().contiguous().numpy().tobytes())
        header[name] = dict(dtype='F32', shape=list(tensor.shape), data_offsets=[offset, offset + len(data[-1])])
        offset += len(data[-1])
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + b''.join(data))


def main(path, margin):
    values = NETWORKS[CASE['arch']][0]()
    x = torch.tanh(F.interpolate(normal(BATCH, CASE['nc'], 8, 8), size=(32, 32), mode='bilinear')).float().double()
    z = {name: F.normalize(normal(BATCH, M)).float().double() for name in ('encoder', 'generator')}
    ranges = torch.tensor([2, 0.1, 0.15] * 2)
    distortions = (torch.tensor([0, 1, 0] * 2) + ranges * (2 * torch.rand(BATCH, 6, generator=random) - 1)).float().double()
    tensors = {f'initial/{name}': value for name, value in values.items()}
    tensors |= {'input/x': x, 'input/distortions': distortions, **{f'input/z_{name}_update': value for name, value in z.items()}}
    y = luminance(x).float().double() if CASE['picture'] else CONDITIONS
    if y is not None:
        tensors['input/y'] = y
    displacements = dict.fromkeys(z)
    if CASE['displaced']:
        displacements = {name: torch.rand(BATCH, 1, generator=random).float().double() for name in z}
        tensors |= {f'input/displacements_{name}_update': value for name, value in displacements.items()}
    losses = {}
    updates = dict(
        encoder=encoder_update(values, x, y, z['encoder'], displacements['encoder'], distortions, margin),
        generator=generator_update(values, x, y, z['generator'], displacements['generator']),
    )
    for network, (pair, terms, results) in updates.items():
        losses |= {f'{network}.{name}': value.item() for name, value in terms.items()}
        tensors |= {f'{network}_update/grad/{name}': value.grad for name, value in pair.parameters.items()}
        tensors |= {f'{network}_update/{name}': value for name, value in results.items()}
        tensors |= {f'{network}_update/after/{name}': value for name, value in pair.values.items() if 'running' in name}
    trained = NETWORKS[CASE['arch']][1](values, False)
    code = trained.encode(x, y)
    tensors |= {'evaluation/sample': trained.generate(z['generator'], y), 'evaluation/code': code, 'evaluation/reconstruction': trained.generate(code, y)}
    write_safetensors(path, tensors, dict(case=json.dumps(CASE), losses=json.dumps(losses)))


parser = argparse.ArgumentParser()
parser.add_argument('path')
parser.add_argument('--margin', type=float, default=0)
parser.add_argument('--displaced', action='store_true')
parser.add_argument('--network', choices=NETWORKS, default='dcgan32')
parser.add_argument('--classes', type=int, default=0)
parser.add_argument('--picture', choices=['gray'], default='')
arguments = parser.parse_args()
if arguments.margin:
    # The weight of KL_fake takes it beyond the margin.
    CASE |= dict(e_kl_fake=30.0, e_margin=arguments.margin)
CASE |= dict(displaced=arguments.displaced)
if arguments.network == 'resnet32':
    CASE |= dict(arch='resnet32', nc=3, e_match_z=200.0, e_align=0.0)
if arguments.classes:
    CASE |= dict(nk=arguments.classes)
if arguments.picture:
    CASE |= dict(picture=arguments.picture, nc=3)
# Some images are of any class.
CONDITIONS = torch.eye(arguments.classes + 1).double()[torch.arange(BATCH - 1, -1, -1) % (arguments.classes + 1), 1:] if arguments.classes else None
main(arguments.path, arguments.margin)
