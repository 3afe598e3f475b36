"""Time one AGE training iteration in PyTorch, optimized: channels-last memory format, and no gradients that an update does not need.

    python3 age_pytorch.py --network dcgan64 --width 64 --latent 64 --batch 64 --channels 3 --generator-updates 3 --threads 2

Print one JSON object: seconds_per_iteration (median of --iterations after --warmup), peak_rss_mb, torch, threads.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument('--network', choices=('dcgan32', 'dcgan64'), default='dcgan32')
for option, default in dict(width=64, latent=128, batch=64, channels=3, generator_updates=2, threads=2, iterations=9, warmup=6).items():
    parser.add_argument('--' + option.replace('_', '-'), type=int, default=default)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)


def downsample(inputs, outputs, normalized):
    layers = [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)]
    if normalized:
        layers.append(nn.BatchNorm2d(outputs))
    return [*layers, nn.LeakyReLU(0.2)]


def upsample(inputs, outputs, stride, padding):
    return [nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def networks(name, n, latent, channels):
    if name == 'dcgan32':
        widths, last = [n, 2 * n, 4 * n], [nn.Conv2d(4 * n, latent, 4, 2, 1), nn.AvgPool2d(2)]
        growth, image = [8 * n, 4 * n, 2 * n, 2 * n], nn.Conv2d(2 * n, channels, 1)
    else:
        widths, last = [n, 2 * n, 4 * n, 8 * n], [nn.Conv2d(8 * n, latent, 4)]
        growth, image = [8 * n, 4 * n, 2 * n, n], nn.ConvTranspose2d(n, channels, 4, 2, 1, bias=False)
    down = [layer for i, w in enumerate(widths) for layer in downsample(channels if i == 0 else widths[i - 1], w, i > 0)]
    up = [layer for i, w in enumerate(growth) for layer in upsample(latent if i == 0 else growth[i - 1], w, *((1, 0) if i == 0 else (2, 1)))]
    return nn.Sequential(*down, *last), nn.Sequential(*up, image, nn.Tanh())


encoder, generator = (net.to(memory_format=torch.channels_last) for net in networks(options.network, options.width, options.latent, options.channels))
optimizers = {net: torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (encoder, generator)}


def encode(x):
    return F.normalize(encoder(x.contiguous(memory_format=torch.channels_last)).flatten(1))


def generate(z):
    return generator(z[:, :, None, None])


def prior():
    return F.normalize(torch.randn(options.batch, options.latent))


def divergence(codes):
    mean, variance = codes.mean(0), codes.var(0, unbiased=False)
    return ((variance + mean * mean) / 2 - variance.log() / 2 - 0.5).mean()


def train_only(network, other):
    """Enable gradients for one network and reset them."""
    network.requires_grad_(True)
    other.requires_grad_(False)
    optimizers[network].zero_grad()


def iteration(x):
    train_only(encoder, generator)
    codes = encode(x)
    loss = divergence(codes) + 10 * (generate(codes) - x).abs().mean()
    with torch.no_grad():
        fake = generate(prior())
    (loss - divergence(encode(fake))).backward()
    optimizers[encoder].step()
    for _ in range(options.generator_updates):
        train_only(generator, encoder)
        z = prior()
        codes = encode(generate(z))
        (divergence(codes) + 1000 * (2 - (F.normalize(codes) * F.normalize(z)).mean())).backward()
        optimizers[generator].step()


size = 32 if options.network == 'dcgan32' else 64
images = torch.rand(options.batch, options.channels, size, size) * 2 - 1
times = []
for number in range(options.warmup + options.iterations):
    start = time.perf_counter()
    iteration(images)
    if number >= options.warmup:
        times.append(time.perf_counter() - start)
print(json.dumps({
    'torch': torch.__version__,
    'threads': options.threads,
    'seconds_per_iteration': statistics.median(times),
    'peak_rss_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
