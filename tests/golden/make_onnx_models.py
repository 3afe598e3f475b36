"""Make small ONNX models of common architectures with random weights, and their results in double precision.

    python3 make_onnx_models.py onnx             # all of them, into the folder onnx
    python3 make_onnx_models.py onnx vgg resnet  # some

Each model becomes NAME.onnx, and NAME.safetensors with inputs, outputs, the gradients of a random projection of the output, and the change of each parameter by ten steps of Adam on this projection. Some also have the changes in training mode. Architectures have the operators of the published ones and tiny widths. Made with PyTorch 2.6.
"""
import copy
import json
import math
import os
import struct
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings('ignore')


def conv(inputs, outputs, kernel, stride=1, groups=1, activation=None):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        layers, inputs = [], 3
        for width in (4, 'M', 8, 8, 'M'):
            if width == 'M':
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
                inputs = width
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(nn.Linear(32, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 5))

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class Block(nn.Module):
    """Basic, or a bottleneck of three convolutions."""

    def __init__(self, inputs, width, stride, bottleneck):
        super().__init__()
        outputs = 2 * width if bottleneck else width
        if bottleneck:
            layers = [conv(inputs, width, 1, activation=nn.ReLU), conv(width, width, 3, stride, activation=nn.ReLU), conv(width, outputs, 1)]
        else:
            layers = [conv(inputs, width, 3, stride, activation=nn.ReLU), conv(width, width, 3)]
        self.body = nn.Sequential(*layers)
        self.downsample = conv(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else nn.Identity()

    def forward(self, x):
        return F.relu(self.body(x) + self.downsample(x))


class ResNet(nn.Module):
    def __init__(self, bottleneck):
        super().__init__()
        last = 12 if bottleneck else 6
        self.stem = nn.Sequential(conv(3, 4, 7, 2, activation=nn.ReLU), nn.MaxPool2d(3, 2, 1))
        self.layer1 = Block(4, 4, 1, bottleneck)
        self.layer2 = Block(8 if bottleneck else 4, 6, 2, bottleneck)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(last, 5)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(self.layer2(self.layer1(self.stem(x)))), 1))


class SqueezeExcitation(nn.Module):
    def __init__(self, width, squeezed, activation, gate):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(width, squeezed, 1), nn.Conv2d(squeezed, width, 1)
        self.activation, self.gate = activation(), gate()

    def forward(self, x):
        return x * self.gate(self.fc2(self.activation(self.fc1(F.adaptive_avg_pool2d(x, 1)))))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride, activation, excitation=None):
        super().__init__()
        width = 3 * inputs
        layers = [conv(inputs, width, 1, activation=activation), conv(width, width, kernel, stride, width, activation)]
        if excitation:
            layers.append(SqueezeExcitation(width, 2, *excitation))
        self.body = nn.Sequential(*layers, conv(width, outputs, 1))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class MobileNet(nn.Module):
    def __init__(self, activation, excitation, kernel):
        super().__init__()
        self.features = nn.Sequential(
            conv(3, 4, 3, 2, activation=activation),
            InvertedResidual(4, 4, 3, 1, activation),
            InvertedResidual(4, 6, kernel, 2, activation, excitation),
            InvertedResidual(6, 6, kernel, 1, activation, excitation),
            conv(6, 12, 1, activation=activation),
        )
        self.classifier = nn.Sequential(nn.Linear(12, 8), activation(), nn.Dropout(0.2), nn.Linear(8, 5))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.expand, self.shrink = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.scale = nn.Parameter(0.5 * torch.ones(width, 1, 1))

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.shrink(F.gelu(self.expand(y))).permute(0, 3, 1, 2)
        return x + self.scale * y


class ConvNeXt(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 4, 4), ChannelNorm(4, eps=1e-6), ConvNeXtBlock(4), ChannelNorm(4, eps=1e-6), nn.Conv2d(4, 8, 2, 2), ConvNeXtBlock(8)
        )
        self.norm, self.head = nn.LayerNorm(8, eps=1e-6), nn.Linear(8, 5)

    def forward(self, x):
        return self.head(self.norm(self.features(x).mean([-2, -1])))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        double = lambda inputs, outputs: nn.Sequential(conv(inputs, outputs, 3, activation=nn.ReLU), conv(outputs, outputs, 3, activation=nn.ReLU))
        self.down1, self.down2, self.bottom = double(1, 4), double(4, 6), double(6, 8)
        self.up2, self.merge2 = nn.ConvTranspose2d(8, 6, 2, 2), double(12, 6)
        self.merge1, self.out = double(10, 4), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        first = self.down1(x)
        second = self.down2(F.max_pool2d(first, 2))
        y = self.up2(self.bottom(F.max_pool2d(second, 2)))
        y = self.merge2(torch.cat([second, y], 1))
        y = F.interpolate(y, scale_factor=2, mode='bilinear', align_corners=False)
        return self.out(self.merge1(torch.cat([first, y], 1)))


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.heads, self.causal = heads, causal

    def forward(self, x):
        batch, count, width = x.shape
        q, k, v = (t.view(batch, count, self.heads, width // self.heads).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.proj(y.transpose(1, 2).reshape(batch, count, width))


class TransformerBlock(nn.Module):
    def __init__(self, width, heads, causal, approximate):
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(width), Attention(width, heads, causal), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(approximate), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.token, self.positions = nn.Parameter(torch.randn(1, 1, width)), nn.Parameter(0.5 * torch.randn(1, 17, width))
        self.blocks = nn.Sequential(*(TransformerBlock(width, 2, False, 'none') for _ in range(2)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


class GPT(nn.Module):
    def __init__(self, width=8, vocabulary=16, length=12):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(TransformerBlock(width, 2, True, 'tanh') for _ in range(2)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        position = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.norm(self.blocks(self.tokens(ids) + self.positions(position))))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


IMAGE = (2, 3, 16, 16)
# Operator sets and batches differ on purpose.
MODELS = {
    'vgg': (VGG, IMAGE, 9),
    'resnet': (lambda: ResNet(False), IMAGE, 11),
    'resnetBottleneck': (lambda: ResNet(True), IMAGE, 13),
    'mobilenetV2': (lambda: MobileNet(nn.ReLU6, None, 3), IMAGE, 10),
    'mobilenetV3': (lambda: MobileNet(nn.Hardswish, (nn.ReLU, nn.Hardsigmoid), 5), IMAGE, 14),
    'efficientnet': (lambda: MobileNet(nn.SiLU, (nn.SiLU, nn.Sigmoid), 5), IMAGE, 15),
    'convnext': (ConvNeXt, IMAGE, 18),
    'unet': (UNet, (2, 1, 16, 16), 16),
    'vit': (VisionTransformer, IMAGE, 17),
    'gpt': (GPT, (2, 10), 14),
    'exportedInTraining': (lambda: MobileNet(nn.ReLU6, None, 3), IMAGE, 17),
    'lstm': (Recurrent, (2, 5, 3), 17),
}
# Also in training mode; they have no dropout.
TRAINED = ['resnet', 'unet']
ADAM = dict(lr=0.01, betas=(0.9, 0.999), eps=1e-3)
STEPS = 10


def randomize(model):
    """Weights that keep the scale of features, and statistics that are not the initial ones."""
    for name, value in list(model.named_parameters()) + list(model.named_buffers()):
        if name.endswith('running_mean'):
            value.data = 0.2 * torch.randn(value.shape)
        elif name.endswith('running_var'):
            value.data = 0.5 + torch.rand(value.shape)
        elif value.dim() > 1 and min(value.shape[:2]) > 0 and not name.endswith(('token', 'positions', 'scale')):
            value.data = torch.randn(value.shape) / math.sqrt(max(1, value[0].numel()))
        elif value.is_floating_point() and value.dim() == 1:
            value.data = value.data + 0.1 * torch.randn(value.shape)


def write_safetensors(path, tensors, metadata):
    header, body = {'__metadata__': metadata}, b''
    for name, tensor in tensors.items():
        data = tensor.detach().float().contiguous().numpy().tobytes()
        header[name] = {'dtype': 'F32', 'shape': list(tensor.shape), 'data_offsets': [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + body)


def changes(model, x, projection):
    """Of parameters, and of running statistics in training mode, by steps of Adam."""
    tensors = {**dict(model.named_parameters()), **{key: value for key, value in model.named_buffers() if model.training and 'running' in key}}
    before = {key: value.detach().clone() for key, value in tensors.items()}
    optimizer = torch.optim.Adam(model.parameters(), **ADAM)
    for _ in range(STEPS):
        optimizer.zero_grad()
        (model(x) * projection).sum().backward()
        optimizer.step()
    return {key: value - before[key] for key, value in tensors.items()}


def make(folder, name):
    build, shape, opset = MODELS[name]
    torch.manual_seed(20)
    model = build().eval()
    randomize(model)
    x = torch.randint(0, 16, shape) if name == 'gpt' else torch.randn(shape)
    names = ['ids' if name == 'gpt' else 'x', 'y']
    mode = torch.onnx.TrainingMode.TRAINING if name == 'exportedInTraining' else torch.onnx.TrainingMode.PRESERVE
    torch.onnx.export(
        model, x, os.path.join(folder, f'{name}.onnx'), opset_version=opset, input_names=names[:1], output_names=names[1:],
        dynamic_axes={each: {0: 'batch'} for each in names}, do_constant_folding=False, dynamo=False,
        # Either keeps batch normalization.
        training=mode,
    )
    if name == 'lstm':
        return
    # An export in training mode moves running statistics.
    model = model.eval().double()
    x = x if name == 'gpt' else x.double().requires_grad_()
    y = model(x)
    projection = torch.randn(y.shape).double()
    parameters = dict(model.named_parameters())
    wrt = [*parameters.values()] + ([] if name == 'gpt' else [x])
    gradients = torch.autograd.grad((y * projection).sum(), wrt)
    tensors = {f'input/{names[0]}': x, 'output/y': y, 'projection': projection}
    tensors |= {f'gradient/{key}': gradient for key, gradient in zip([*parameters, names[0]], gradients)}
    trained = copy.deepcopy(model).train()
    tensors |= {f'change/{key}': value for key, value in changes(model, x, projection).items()}
    if name in TRAINED:
        tensors |= {f'train/{key}': value for key, value in changes(trained, x, projection).items()}
    write_safetensors(os.path.join(folder, f'{name}.safetensors'), tensors, {'opset': str(opset)})


if __name__ == '__main__':
    folder, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for name in names or MODELS:
        make(folder, name)
