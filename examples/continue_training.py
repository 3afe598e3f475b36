"""Continues training with numpy and onnxruntime alone.

    agenet export runs/mnist/checkpoints/008000.safetensors --out digits --training
    agenet dataset mnist --split train --size 32 --out train.npz
    python3 continue_training.py digits train.npz 20

Prints the losses of each iteration, as log.jsonl has them, and replaces the state in the folder by the one after the last iteration.
"""
import json
import struct
import sys

import numpy as np
import onnxruntime

folder, archive, iterations = sys.argv[1], sys.argv[2], int(sys.argv[3])
manifest = json.load(open(f"{folder}/training.json"))
configuration = manifest["configuration"]
WORD = 0xFFFFFFFF


class RandomStream:
    """xoroshiro128+ in 32-bit words, seeded by a hash of seed, purpose and index."""

    def __init__(self, seed, purpose, index=0):
        words = [seed & WORD, index & WORD, index >> 32, *map(ord, purpose)]
        self.state = []
        for position in (1, 2, 3, 4):
            state = position * 0x85EBCA6B
            for word in words:
                state = self.mix(state ^ self.mix(word + position * 0x9E3779B9))
            self.state.append(state)
        self.state[3] |= 1

    @staticmethod
    def mix(value):
        value &= WORD
        value = ((value ^ value >> 16) * 0x85EBCA6B) & WORD
        value = ((value ^ value >> 13) * 0xC2B2AE35) & WORD
        return value ^ value >> 16

    def next(self):
        high0, low0, high1, low1 = self.state
        low, high = low1 ^ low0, high1 ^ high0
        self.state = [
            (high0 << 24 ^ low0 >> 8 ^ high ^ (high << 16 | low >> 16)) & WORD,
            (low0 << 24 ^ high0 >> 8 ^ low ^ low << 16) & WORD,
            (low << 5 ^ high >> 27) & WORD,
            (high << 5 ^ low >> 27) & WORD,
        ]
        return (low0 + low1) & WORD

    def uniform(self, count):
        return np.array([self.next() for _ in range(count)]) / 2**32

    def normal(self, count):
        """Box-Muller; two uniform draws give two normal ones."""
        draws = self.uniform(count + count % 2)
        radius, angle = np.sqrt(-2 * np.log(1 - draws[0::2])), 2 * np.pi * draws[1::2]
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:count].astype(np.float32)

    def below(self, count):
        limit = 2**32 // count * count if count > 2 else 2**32
        while True:
            draw = (self.next() + 2**31) & WORD
            if draw < limit:
                return draw % count


orders = {}


def order(epoch):
    """The images of an epoch, shuffled."""
    if epoch not in orders:
        indices, stream = list(range(manifest["training_images"])), RandomStream(configuration["seed"], "epoch order", epoch)
        for last in range(len(indices) - 1, 0, -1):
            other = stream.below(last + 1)
            indices[last], indices[other] = indices[other], indices[last]
        orders[epoch] = np.array(indices)
    return orders[epoch]


def batch_of(number):
    epoch, position = divmod(number, manifest["batches_per_epoch"])
    return images[order(epoch)[position * size : (position + 1) * size]]


def learning_rate(step, epoch):
    rate = configuration["learningRate"] * manifest["rate_scale"]
    if configuration["schedule"] == "cosine":
        rate *= (1 + np.cos(np.pi * step / manifest["total_steps"])) / 2
    if configuration["schedule"] == "halving" and configuration["halveEvery"] > 0:
        rate *= 0.5 ** ((epoch + 1) // configuration["halveEvery"])
    warmup = configuration["warmupSteps"]
    return rate * min(1, (step + 1) / warmup if warmup else 1)


def adam_scalars(network, step, rate):
    """The two scalars of Adam's bias correction for each update of an iteration."""
    per_iteration, done = manifest["updates"][network]["per_iteration"], manifest["updates"][network]["done"]
    first = done + (step - manifest["step"]) * per_iteration + 1
    beta1, beta2 = manifest["adam"]["beta1"], manifest["adam"]["beta2"]
    return np.array([[rate / (1 - beta1**t), 1 / np.sqrt(1 - beta2**t)] for t in range(first, first + per_iteration)], np.float32)


def draw_codes(step):
    updates, _, latent = manifest["inputs"]["codes"]["shape"]
    codes = RandomStream(configuration["seed"], "training codes", step).normal(updates * size * latent).reshape(updates, size, latent)
    return codes / np.linalg.norm(codes.astype(np.float64), axis=2, keepdims=True).astype(np.float32) if configuration["prior"] == "sphere" else codes


def draw_distortions(step):
    """Shift, scale and shear of each image, along its rows and its columns."""
    shape = manifest["inputs"]["distortions"]["shape"]
    draws = 2 * RandomStream(configuration["seed"], "distortions", step).uniform(int(np.prod(shape))).reshape(shape) - 1
    ranges = np.array([configuration["size"] / 16, 0.1, 0.15] * 2)
    return (draws * ranges + np.array([0, 1, 0] * 2)).astype(np.float32)


def feeds_of(step):
    encoder_updates = manifest["updates"]["encoder"]["per_iteration"]
    first = manifest["updates"]["encoder"]["done"] + (step - manifest["step"]) * encoder_updates
    rate = learning_rate(step, first // manifest["batches_per_epoch"])
    feeds = {
        "images": np.stack([batch_of(first + number) for number in range(encoder_updates)]),
        "codes": draw_codes(step),
        "encoder.schedule": adam_scalars("encoder", step, rate),
        "generator.schedule": adam_scalars("generator", step, rate),
    }
    if "distortions" in manifest["inputs"]:
        feeds["distortions"] = draw_distortions(step)
    if "ema_decay" in manifest["inputs"]:
        since = step - configuration["emaStart"]
        feeds["ema_decay"] = np.array([0 if since < 0 else min(configuration["ema"], (1 + since) / (10 + since))], np.float32)
    return feeds


def read_state(path):
    content = open(path, "rb").read()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], np.float32) for name, entry in header.items() if name != "__metadata__"}


def write_state(path, state):
    header, data = {}, b""
    for name, vector in state.items():
        header[name] = {"dtype": "F32", "shape": list(vector.shape), "data_offsets": [len(data), len(data) + vector.nbytes]}
        data += vector.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


if configuration["flip"] or configuration["augment"]:
    sys.exit("this example has no flips and no augmentations")
size = configuration["batch"]
# [N, H, W, C] to [N, C, H, W]
images = np.load(archive)["images"].transpose(0, 3, 1, 2)
if len(images) != manifest["training_images"]:
    sys.exit(f"{archive}: expected {manifest['training_images']} training images but got {len(images)}; use the --test-fraction of the run")
end = min(manifest["total_steps"], manifest["stage_end"] or manifest["total_steps"])
if manifest["step"] + iterations > end:
    sys.exit(f"{folder}: has the update plans and the learning rates up to iteration {end} only; choose an earlier checkpoint or fewer iterations")
session = onnxruntime.InferenceSession(f"{folder}/training.onnx")
state = read_state(f"{folder}/training.safetensors")
names = manifest["outputs"]["state"]
for step in range(manifest["step"], manifest["step"] + iterations):
    *following, report = session.run([*names.values(), manifest["outputs"]["report"]], {**state, **feeds_of(step)})
    state = dict(zip(names, following))
    print(json.dumps({"step": step + 1, **dict(zip(manifest["report"], map(float, report)))}), flush=True)
write_state(f"{folder}/training.safetensors", state)
for updates in manifest["updates"].values():
    updates["done"] += iterations * updates["per_iteration"]
manifest["step"] += iterations
json.dump(manifest, open(f"{folder}/training.json", "w"), indent=2)
