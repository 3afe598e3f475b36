"""The published networks in PyTorch, with weights from or for a safetensors file.

    state_dict.py make ARCHITECTURE FOLDER    random weights as weights.safetensors, and what the networks make of inputs
    state_dict.py read ARCHITECTURE FOLDER    what the networks with pytorch.safetensors make of inputs

Inputs and results are float32 arrays in files: images in [-1, 1], draws; codes, generated.
"""
import json, struct, sys
import numpy as np, torch
from torch import nn

WIDTH, LATENT, CHANNELS, COUNT = 3, 8, 1, 4
mode, architecture, folder = sys.argv[1:]
size = int(architecture[-2:])


def down(i, o):
    return [nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]


def up(i, o, stride=2, padding=1):
    return [nn.ConvTranspose2d(i, o, 4, stride, padding, bias=False), nn.BatchNorm2d(o), nn.ReLU()]


def published(n, z, c):
    first = [nn.Conv2d(c, n, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    head = [*up(z, 8 * n, 1, 0), *up(8 * n, 4 * n), *up(4 * n, 2 * n)]
    if architecture == "dcgan32":
        encoder = [*first, *down(n, 2 * n), *down(2 * n, 4 * n), nn.Conv2d(4 * n, z, 4, 2, 1), nn.AvgPool2d(2)]
        generator = [*head, *up(2 * n, 2 * n), nn.Conv2d(2 * n, c, 1), nn.Tanh()]
    else:
        encoder = [*first, *down(n, 2 * n), *down(2 * n, 4 * n), *down(4 * n, 8 * n), nn.Conv2d(8 * n, z, 4)]
        generator = [*head, *up(2 * n, n), nn.ConvTranspose2d(n, c, 4, 2, 1, bias=False), nn.Tanh()]
    return nn.ModuleDict({"encoder": nn.ModuleDict({"main": nn.Sequential(*encoder)}), "generator": nn.ModuleDict({"main": nn.Sequential(*generator)})})


def write(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        part = tensor.numpy().tobytes()
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    content = open(path, "rb").read()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    array = lambda entry: np.frombuffer(data[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"])
    return {name: torch.tensor(array(entry)) for name, entry in entries.items()}


torch.manual_seed(1)
networks = published(WIDTH, LATENT, CHANNELS)
if mode == "make":
    for module in networks.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    write(f"{folder}/weights.safetensors", networks.state_dict())
else:
    known = {name: tensor for name, tensor in read(f"{folder}/pytorch.safetensors").items() if not name.startswith(("decoder.", "sample_encoder."))}
    # BatchNorm2d counts batches, which no result depends on.
    missing, unexpected = networks.load_state_dict(known, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
networks.eval()
images = torch.rand(COUNT, CHANNELS, size, size) * 2 - 1
draws = nn.functional.normalize(torch.randn(COUNT, LATENT))
with torch.no_grad():
    codes = nn.functional.normalize(networks["encoder"]["main"](images).flatten(1))
    generated = networks["generator"]["main"](draws[:, :, None, None])
for name, tensor in {"images": images, "draws": draws, "codes": codes, "generated": generated}.items():
    tensor.numpy().tofile(f"{folder}/{name}")
print("done")
