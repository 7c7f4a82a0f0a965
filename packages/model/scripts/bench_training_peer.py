"""Training speed of PyTorch on the mission's network, for the table beside bench-training.ts: python3 bench_training_peer.py"""

import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


def build_network() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 1
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2), nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01)]
        channels = filters
    layers += [nn.Flatten(), nn.Linear(4608, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 7)]
    return nn.Sequential(*layers)


def measure(batch: int, tf32: bool) -> dict:
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    network = build_network().cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, eps=1e-7, fused=True)
    pictures = [torch.rand(batch, 1, 48, 48, device="cuda") for _ in range(4)]
    labels = [torch.randint(0, 7, (batch,), device="cuda") for _ in range(4)]

    def run(steps: int) -> float:
        torch.cuda.synchronize()
        start = time.perf_counter()
        for i in range(steps):
            F.cross_entropy(network(pictures[i % 4]), labels[i % 4]).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / steps

    run(15)
    seconds = statistics.median(run(20) for _ in range(5))
    precision = "eager TF32" if tf32 else "eager fp32"
    return {"peer": f"PyTorch {torch.__version__} {precision}", "batchSize": batch, "imagesPerSecond": round(batch / seconds)}


if __name__ == "__main__":
    print(json.dumps({"device": torch.cuda.get_device_name(0)}))
    for size in (64, 256, 1024):
        for tf32 in (False, True):
            print(json.dumps(measure(size, tf32)), flush=True)
