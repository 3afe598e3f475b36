"""Time training steps of small networks in PyTorch, or export them as ONNX files (onnx-training.mjs compares both).

    python3 onnx_training.py --model resnet --export > resnet.onnx
    python3 onnx_training.py --model vit --threads 2

A step is cross-entropy of one batch, its gradients and Adam, in training mode. The ResNet uses the channels-last memory format, Adam is one fused pass. Print one JSON object: seconds_per_step (median of --steps after --warmup), losses (of the first steps), torch.
"""
import argparse
import io
import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

CLASSES, SIZE = 10, 32


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        layers = [nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
        self.skip = nn.Sequential()
        if stride > 1 or inputs != width:
            self.skip = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


def resnet(width, depth):
    """He et al. (arXiv 1512.03385), section 4.2: three stages of `depth` blocks."""
    layers = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
    inputs = width
    for stage in range(3):
        for index in range(depth):
            layers.append(Block(inputs, width << stage, 2 if stage > 0 and index == 0 else 1))
            inputs = width << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, CLASSES))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, count, width = x.shape
        q, k, v = self.qkv(self.norm(x)).view(batch, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        return x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, count, width))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        return x + self.layers(x)


class VisionTransformer(nn.Module):
    """Dosovitskiy et al. (arXiv 2010.11929), with patches of 4x4."""

    def __init__(self, width, depth, heads):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + (SIZE // 4) ** 2, width))
        self.blocks = nn.Sequential(*(layer for _ in range(depth) for layer in (Attention(width, heads), Mlp(width))))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, CLASSES))

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        return self.head(self.blocks(x)[:, 0])


MODELS = {
    'resnet': lambda: resnet(16, 3),
    'resnet-wide': lambda: resnet(64, 2),
    'vit': lambda: VisionTransformer(128, 6, 4),
}


def example(batch):
    """Deterministic images and classes, as in onnx-training.mjs."""
    index = torch.arange(batch * 3 * SIZE * SIZE, dtype=torch.float64)
    return torch.frac(index * 0.6180339887498949).float().view(batch, 3, SIZE, SIZE), torch.arange(batch) % CLASSES


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--model', choices=MODELS, required=True)
    parser.add_argument('--export', action='store_true')
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--steps', type=int, default=9)
    parser.add_argument('--warmup', type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = MODELS[options.model]()
    x, labels = example(options.batch)
    if options.export:
        file, mode = io.BytesIO(), torch.onnx.TrainingMode.PRESERVE
        torch.onnx.export(
            model.eval(), x, file, opset_version=17, input_names=['x'], output_names=['logits'], do_constant_folding=False, training=mode, dynamo=False
        )
        sys.stdout.buffer.write(file.getvalue())
        return
    model.train()
    if options.model.startswith('resnet'):
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    times, losses = [], []
    for _ in range(options.warmup + options.steps):
        start = time.perf_counter()
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        times.append(time.perf_counter() - start)
    print(json.dumps({'seconds_per_step': statistics.median(times[options.warmup :]), 'losses': losses, 'torch': torch.__version__}))


main()
