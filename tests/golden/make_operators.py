"""Make the golden file of operators: values and gradients in PyTorch, in double precision.

    python3 make_operators.py operators.safetensors

Each case has inputs, the value, and the gradients of the sum of the value times `weights`. Made with PyTorch 2.6. Inputs are rounded to float32, so that both sides read the same numbers.
"""
import json
import struct
import sys

import torch
from torch.nn import functional as F

random = torch.Generator().manual_seed(7)


def normal(*shape):
    return torch.randn(*shape, generator=random).float().double()


def positive(*shape):
    return (0.5 + torch.rand(*shape, generator=random)).float().double()


def ties(*shape):
    return torch.randint(-2, 3, shape, generator=random).double()


IMAGES = (2, 4, 7, 6)
index_rows = torch.tensor([[0, -3, -4], [1, -2, 2]])
index_elements = torch.tensor([[2, 4, 3], [1, 3, 1], [3, 2, 2], [0, 1, 2]])
running_mean, running_var = torch.tensor([0.25, -0.5, 0.75, 1]).double(), torch.tensor([0.5, 1, 2, 1.5]).double()
CASES = {
    'maxPool': (lambda x: F.max_pool2d(x, 3, 2, 1), normal(*IMAGES)),
    'maxPool.ties': (lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)), ties(*IMAGES)),
    'maxPool.dilations': (lambda x: F.max_pool2d(x, 2, 1, 1, 3), ties(*IMAGES)),
    'maxPool.ceilMode': (lambda x: F.max_pool2d(x, 2, 2, ceil_mode=True), normal(*IMAGES)),
    'averagePool': (lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), normal(*IMAGES)),
    'averagePool.countPadding': (lambda x: F.avg_pool2d(x, 3, 2, 1), normal(*IMAGES)),
    'averagePool.ceilMode': (lambda x: F.avg_pool2d(x, 2, 3, 1, ceil_mode=True), normal(*IMAGES)),
    'conv.groups': (lambda x, w, b: F.conv2d(x, w, b, 2, 1, groups=2), normal(*IMAGES), normal(12, 2, 3, 3), normal(12)),
    'conv.depthwise': (lambda x, w: F.conv2d(x, w, None, 1, 2, 2, 4), normal(*IMAGES), normal(4, 1, 3, 3)),
    'convTranspose.groups': (lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1, 2), normal(2, 4, 3, 2), normal(4, 3, 3, 3), normal(6)),
    'sigmoid': (torch.sigmoid, normal(3, 5)),
    'tanh': (torch.tanh, normal(3, 5)),
    'erf': (torch.erf, normal(3, 5)),
    'gelu': (F.gelu, normal(3, 5)),
    'gelu.tanh': (lambda x: F.gelu(x, approximate='tanh'), normal(3, 5)),
    'hardSigmoid': (F.hardsigmoid, 4 * normal(3, 5)),
    'hardSwish': (F.hardswish, 4 * normal(3, 5)),
    'softplus': (F.softplus, normal(3, 5)),
    'softsign': (F.softsign, normal(3, 5)),
    'mish': (F.mish, normal(3, 5)),
    'elu': (lambda x: F.elu(x, 0.7), normal(3, 5)),
    'selu': (F.selu, normal(3, 5)),
    'celu': (lambda x: F.celu(x, 0.7), normal(3, 5)),
    'leakyRelu': (lambda x: F.leaky_relu(x, 0.2), ties(3, 5)),
    'prelu': (lambda x, w: F.prelu(x, w), ties(2, 3, 4), normal(3)),
    'relu': (F.relu, ties(3, 5)),
    'abs': (torch.abs, ties(3, 5)),
    'pow': (lambda x, y: x ** y, positive(3, 5), normal(5)),
    'pow.zero': (lambda x: x ** 2.5, ties(3, 5).abs()),
    'pow.cube': (lambda x: x ** 3, normal(3, 5)),
    'sqrt': (torch.sqrt, positive(3, 5)),
    'exp': (torch.exp, normal(3, 5)),
    'log': (torch.log, positive(3, 5)),
    'reciprocal': (torch.reciprocal, positive(3, 5)),
    'sin': (torch.sin, normal(3, 5)),
    'cos': (torch.cos, normal(3, 5)),
    'max': (torch.maximum, ties(3, 5), ties(5)),
    'min': (torch.minimum, ties(3, 5), ties(3, 1)),
    'where': (lambda x, y: torch.where(x > y, x * x, y), normal(3, 5), normal(5)),
    'softmax': (lambda x: F.softmax(x, 1), normal(2, 5, 3)),
    'logSoftmax': (lambda x: F.log_softmax(x, -1), normal(2, 5, 3)),
    'layerNormalization': (lambda x, w, b: F.layer_norm(x, (4, 3), w, b, 1e-3), normal(2, 4, 3), normal(4, 3), normal(4, 3)),
    'instanceNormalization': (lambda x, w, b: F.instance_norm(x, None, None, w, b, eps=1e-3), normal(*IMAGES), normal(4), normal(4)),
    'groupNormalization': (lambda x, w, b: F.group_norm(x, 2, w, b, 1e-3), normal(*IMAGES), normal(4), normal(4)),
    'batchNormalization': (lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 1e-3), normal(*IMAGES), normal(4), normal(4)),
    'batchNormInference': (lambda x, w, b: F.batch_norm(x, running_mean, running_var, w, b, False, 0.1, 1e-3), normal(*IMAGES), normal(4), normal(4)),
    'localResponseNormalization': (lambda x: F.local_response_norm(x, 3, 0.5, 0.75, 1.5), normal(*IMAGES)),
    'gather': (lambda x: x[:, index_rows], normal(3, 5, 2)),
    'gatherElements': (lambda x: torch.gather(x, 1, index_elements), normal(4, 5)),
    'scatterElements': (lambda x, y: torch.scatter_add(x, 1, index_elements, y), normal(4, 5), normal(4, 3)),
    'tile': (lambda x: x.repeat(2, 1, 3), normal(2, 3, 2)),
    'expand': (lambda x: x.expand(3, 4, 5), normal(4, 1)),
    'concat': (lambda x, y, z: torch.cat([x, y, z], 1), normal(2, 1, 3), normal(2, 4, 3), normal(2, 2, 3)),
    'slice': (lambda x: x[:, 1:6:2], normal(2, 7, 2)),
    'transpose': (lambda x: x.permute(2, 0, 1), normal(2, 3, 4)),
    'pad.reflect': (lambda x: F.pad(x, (2, 1, 0, 3), 'reflect'), normal(1, 2, 5, 4)),
    'pad.edge': (lambda x: F.pad(x, (2, 1, 0, 3), 'replicate'), normal(1, 2, 5, 4)),
    'interpolate.nearest': (lambda x: F.interpolate(x, size=(9, 10)), normal(1, 2, 5, 4)),
    'interpolate.linear': (lambda x: F.interpolate(x, size=(9, 10), mode='bilinear'), normal(1, 2, 5, 4)),
    'interpolate.corners': (lambda x: F.interpolate(x, size=(9, 3), mode='bilinear', align_corners=True), normal(1, 2, 5, 4)),
    'interpolate.cubic': (lambda x: F.interpolate(x, size=(9, 3), mode='bicubic'), normal(1, 2, 5, 4)),
    'depthToSpace': (lambda x: F.pixel_shuffle(x, 2), normal(2, 8, 3, 2)),
    'spaceToDepth': (lambda x: F.pixel_unshuffle(x, 2), normal(2, 1, 4, 6)),
    'matMul': (torch.matmul, normal(2, 1, 3, 4), normal(5, 4, 2)),
    'matMul.vector': (torch.matmul, normal(4), normal(3, 4, 2)),
    'matMul.shared': (torch.matmul, normal(2, 3, 4), normal(4, 5)),
    'gemm': (lambda a, b, c: torch.addmm(c, a.T, b, beta=0.5, alpha=2), normal(4, 3), normal(4, 5), normal(5)),
    'einsum': (lambda a, b: torch.einsum('bhid,bhjd->bihj', a, b), normal(2, 2, 3, 4), normal(2, 2, 5, 4)),
    'reduceMean': (lambda x: x.mean((0, 2)), normal(3, 4, 2)),
    'reduceSum': (lambda x: x.sum((1,), keepdim=True), normal(3, 4, 2)),
    'reduceMax': (lambda x: x.amax((1,)), ties(3, 4, 2)),
    'reduceMin': (lambda x: x.amin((0, 2)), ties(3, 4, 2)),
    'reduceL1': (lambda x: x.abs().sum(1), ties(3, 4, 2)),
    'reduceL2': (lambda x: torch.linalg.vector_norm(x, dim=(0, 2)), normal(3, 4, 2)),
    'reduceProd': (lambda x: x.prod(1), ties(3, 4, 2)),
    'reduceLogSumExp': (lambda x: torch.logsumexp(x, (1, 2)), normal(3, 4, 2)),
    'cumSum': (lambda x: x.cumsum(1), normal(3, 4, 2)),
    'cumSum.reverse': (lambda x: x.flip(1).cumsum(1).flip(1), normal(3, 4, 2)),
    'trilu': (lambda x: x.triu(1), normal(2, 4, 5)),
}


def save(path, tensors, metadata):
    header, data = {'__metadata__': metadata}, b''
    for name, tensor in tensors.items():
        raw = tensor.contiguous().float().numpy().tobytes()
        header[name] = {'dtype': 'F32', 'shape': list(tensor.shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)


tensors = {}
for name, (compute, *inputs) in CASES.items():
    inputs = [value.requires_grad_() for value in inputs]
    result = compute(*inputs)
    weights = normal(*result.shape)
    gradients = torch.autograd.grad((result * weights).sum(), inputs)
    for number, (value, gradient) in enumerate(zip(inputs, gradients)):
        tensors[f'{name}/input{number}'] = value.detach()
        tensors[f'{name}/gradient{number}'] = gradient
    tensors[f'{name}/value'] = result.detach()
    tensors[f'{name}/weights'] = weights
save(sys.argv[1], tensors, {'pytorch': torch.__version__})
