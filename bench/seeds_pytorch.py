"""Train AGE by the published plan in PyTorch, from a start that is exchanged with seeds.mjs.

    python3 seeds_pytorch.py start START --seed 1 --steps 1874 --width 8     # PyTorch's own initial weights and random draws
    python3 seeds_pytorch.py train START END --data DIR                      # train from a start; DIR holds MNIST's IDX files

A start has initial weights by name, `indices` of the images of each batch, and `codes` of each update. An end has the final weights.
"""
import argparse
import json
import struct
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH, LATENT, GENERATOR_UPDATES, IMAGES = 64, 64, 2, 60_000


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        header[name] = dict(dtype='F32', shape=list(tensor.shape), data_offsets=[offset, offset + 4 * tensor.numel()])
        offset += 4 * tensor.numel()
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.detach().float().contiguous().numpy().tobytes())


def read_safetensors(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack('<Q', data[:8])
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != '__metadata__':
            first, last = (8 + length + offset for offset in entry['data_offsets'])
            tensors[name] = torch.frombuffer(bytearray(data[first:last]), dtype=torch.float32).reshape(entry['shape'])
    return tensors


def start(path, seed, steps, width):
    """Draw what a training needs as a PyTorch program would: initial weights, then a permutation per epoch and codes."""
    torch.manual_seed(seed)
    values = {}
    layers = [('encoder', layer, nn.Conv2d(*sizes, 4, 2, 1, bias=layer == 4)) for layer, sizes in
              enumerate([(1, width), (width, 2 * width), (2 * width, 4 * width), (4 * width, LATENT)], 1)]
    layers += [('generator', layer, nn.ConvTranspose2d(*sizes, 4, bias=False)) for layer, sizes in
               enumerate([(LATENT, 8 * width), (8 * width, 4 * width), (4 * width, 2 * width), (2 * width, 2 * width)], 1)]
    for network, layer, convolution in [*layers, ('generator', 5, nn.Conv2d(2 * width, 1, 1))]:
        values[f'{network}.conv{layer}.weight'] = nn.init.normal_(convolution.weight, 0, 0.02)
        if convolution.bias is not None:
            values[f'{network}.conv{layer}.bias'] = convolution.bias
        elif (network, layer) != ('encoder', 1):
            norm = f'{network}.norm{layer}'
            channels = convolution.out_channels
            values |= {f'{norm}.weight': nn.init.normal_(torch.empty(channels), 1, 0.02), f'{norm}.bias': torch.zeros(channels)}
            values |= {f'{norm}.running_mean': torch.zeros(channels), f'{norm}.running_var': torch.ones(channels)}
    per_epoch = IMAGES // BATCH
    orders = [torch.randperm(IMAGES)[:per_epoch * BATCH] for _ in range(-(-steps // per_epoch))]
    values['indices'] = torch.cat(orders)[:steps * BATCH].reshape(steps, BATCH)
    values['codes'] = F.normalize(torch.randn(steps, 1 + GENERATOR_UPDATES, BATCH, LATENT), dim=-1)
    write_safetensors(path, values)


class Pair:
    """Both networks in training mode, with weights by name."""

    def __init__(self, values):
        self.values = values
        self.parameters = {network: [value.requires_grad_(True) for name, value in values.items() if name.startswith(network) and 'running' not in name]
                           for network in ('encoder', 'generator')}

    def norm(self, name, x):
        mean, variance, weight, bias = (self.values[f'{name}.{part}'] for part in ('running_mean', 'running_var', 'weight', 'bias'))
        return F.batch_norm(x, mean, variance, weight, bias, True, 0.1, 1e-5)

    def encode(self, x):
        for layer in (1, 2, 3):
            x = F.conv2d(x, self.values[f'encoder.conv{layer}.weight'], stride=2, padding=1)
            x = F.leaky_relu(x if layer == 1 else self.norm(f'encoder.norm{layer}', x), 0.2)
        x = F.conv2d(x, self.values['encoder.conv4.weight'], self.values['encoder.conv4.bias'], stride=2, padding=1)
        return F.normalize(F.avg_pool2d(x, 2).flatten(1))

    def generate(self, z):
        x = z[:, :, None, None]
        for layer in (1, 2, 3, 4):
            stride, padding = (1, 0) if layer == 1 else (2, 1)
            x = F.conv_transpose2d(x, self.values[f'generator.conv{layer}.weight'], stride=stride, padding=padding)
            x = F.relu(self.norm(f'generator.norm{layer}', x))
        return torch.tanh(F.conv2d(x, self.values['generator.conv5.weight'], self.values['generator.conv5.bias']))


def divergence(codes):
    """With the variance in place of the standard deviation, as in the published code."""
    mean, variance = codes.mean(0), codes.var(0, unbiased=False)
    return ((variance ** 2 + mean ** 2) / 2 - variance.log() - 0.5).mean()


def train(start_path, end_path, data):
    torch.set_num_threads(1)
    values = read_safetensors(start_path)
    indices, codes = values.pop('indices').long(), values.pop('codes')
    pixels = np.frombuffer(Path(data, 'train-images-idx3-ubyte').read_bytes(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    images = F.pad(torch.from_numpy(pixels.copy()), (2, 2, 2, 2))
    pair = Pair(values)
    optimizers = {network: torch.optim.Adam(parameters, 2e-4, (0.5, 0.999)) for network, parameters in pair.parameters.items()}

    def update(network, loss):
        optimizers[network].zero_grad()
        gradients = torch.autograd.grad(loss, pair.parameters[network])
        for parameter, gradient in zip(pair.parameters[network], gradients):
            parameter.grad = gradient
        optimizers[network].step()

    for batch, own in zip(indices, codes):
        x = images[batch].float() * (2 / 255) - 1
        code = pair.encode(x)
        loss = divergence(code) + 10 * (pair.generate(code) - x).abs().mean()
        with torch.no_grad():
            fake = pair.generate(own[0])
        update('encoder', loss - divergence(pair.encode(fake)))
        for z in own[1:]:
            code = pair.encode(pair.generate(z))
            update('generator', divergence(code) + 1000 * (2 - (F.normalize(code) * z).mean()))
    write_safetensors(end_path, values)


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest='command', required=True)
starting = commands.add_parser('start')
starting.add_argument('path')
for option, default in dict(seed=1, steps=1874, width=8).items():
    starting.add_argument(f'--{option}', type=int, default=default)
training = commands.add_parser('train')
training.add_argument('start_path')
training.add_argument('end_path')
training.add_argument('--data', required=True)
options = vars(parser.parse_args())
{'start': start, 'train': train}[options.pop('command')](**options)
