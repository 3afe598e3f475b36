"""Judge the attributes of faces by a convolutional network that no run has seen. face-attributes.mjs writes the images.

    python3 face_attributes.py JUDGE OTHER IMAGES...

JUDGE.npz and JUDGE.csv are the faces to train on, and OTHER.npz and OTHER.csv other faces, both of `npm run faces`; IMAGES.npz and
IMAGES.json come from face-attributes.mjs. Each line has the fractions in which an attribute is found as requested (fatness: the
correlation) and, after one attribute was changed, in which any other attribute is found with another value than before.
"""
import csv
import json
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CLASSES, NUMBER = ['hair', 'skin', 'glasses', 'beard', 'gender'], 'fatness'
WIDTHS, EPOCHS, BATCH, RATE = [24, 48, 96, 144], 8, 64, 4e-3


def read_faces(name):
    """Images [N, 3, 64, 64] as bytes, and a description per image."""
    with open(f'{name}.csv', newline='') as file:
        return torch.from_numpy(np.load(f'{name}.npz')['images'].transpose(0, 3, 1, 2).copy()), list(csv.DictReader(file))


class Judge(nn.Module):
    def __init__(self, values):
        super().__init__()
        self.values = values
        layers, channels = [], 3
        for width in WIDTHS:
            for inputs, stride in ((channels, 2), (width, 1)):
                layers += [nn.Conv2d(inputs, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2))
        self.heads = nn.ModuleDict({name: nn.Linear(16 * channels, len(values.get(name, 'x'))) for name in [*values, NUMBER]})

    def forward(self, images):
        features = self.features(images.float() / 127.5 - 1)
        return {name: head(features) for name, head in self.heads.items()}

    def targets(self, faces):
        labels = {name: torch.tensor([values.index(face[name]) for face in faces]) for name, values in self.values.items()}
        return {**labels, NUMBER: torch.tensor([float(face[NUMBER]) for face in faces])}

    @torch.no_grad()
    def judge(self, images):
        self.eval()
        parts = [self(batch) for batch in images.split(200)]
        outputs = {name: torch.cat([part[name] for part in parts]) for name in self.heads}
        return {name: out[:, 0] if name == NUMBER else out.argmax(1) for name, out in outputs.items()}


def distorted(images):
    """Moves all by up to a pixel, and blurs some, as samples may be."""
    images = torch.roll(images, tuple(np.random.randint(-1, 2, 2)), (2, 3)).float()
    images = images + 6 * np.random.rand() * torch.randn_like(images)
    return F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode='reflect'), 3, 1) if np.random.rand() < 0.3 else images


def train(images, faces):
    model = Judge({name: sorted({face[name] for face in faces}) for name in CLASSES})
    targets = model.targets(faces)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    batches = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * batches)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(images))[:batches * BATCH].split(BATCH):
            outputs = model(distorted(images[rows]))
            loss = sum(F.cross_entropy(outputs[name], targets[name][rows]) for name in CLASSES)
            loss = loss + 5 * F.mse_loss(outputs[NUMBER][:, 0], targets[NUMBER][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model


def found(name, judged, targets):
    if name == NUMBER:
        return np.corrcoef(judged[name], targets[name])[0, 1]
    return (judged[name] == targets[name]).float().mean().item()


def report(title, values):
    print(title, '  '.join(f'{name} {value:.3f}' for name, value in values.items()))


torch.manual_seed(0)
np.random.seed(0)
judge_name, other, *names = sys.argv[1:]
model = train(*read_faces(judge_name))
images, faces = read_faces(other)
judged, targets = model.judge(images), model.targets(faces)
report('other faces:', {name: found(name, judged, targets) for name in [*CLASSES, NUMBER]})
for name in names:
    arrays = np.load(f'{name}.npz')
    with open(f'{name}.json') as file:
        table = json.load(file)
    judgments = {kind: model.judge(torch.from_numpy(arrays[kind])) for kind in table}
    before = judgments['unchanged']
    for kind, entry in table.items():
        judged, targets, rows = judgments[kind], model.targets(entry['descriptions']), torch.tensor(entry['rows'])
        if kind == 'unchanged':
            report(f'{name}:', {each: found(each, judged, targets) for each in [*CLASSES, NUMBER]})
            rare = {each: judged[each][targets[each] == 1] == 1 for each in ('glasses', 'beard')}
            report('  if requested:', {each: values.float().mean().item() for each, values in rare.items()})
            continue
        others = [judged[each] != before[each][rows] for each in CLASSES if each != kind]
        changed = torch.stack(others).any(0).float().mean().item()
        report(f'  another {kind}:', {kind: found(kind, judged, targets), 'others changed': changed})
