"""Steps of training by nibble and by PyTorch, in turns; see scripts/bench-training."""

import statistics
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, ROUNDS, STEPS = 128, 5, 6


class Block(nn.Module):
    """Two convolutions and the way around them."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)), inplace=True)
        return F.relu(self.second_norm(self.second(y)) + self.shortcut(x), inplace=True)


class ResNet20(nn.Module):
    """K. He et al. 2016, section 4.2, with one input channel: the net that nibble trains."""

    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
        inputs = 16
        for channels in (16, 32, 64):
            for block in range(3):
                layers.append(Block(inputs, channels, 2 if block == 0 and channels > 16 else 1))
                inputs = channels
        self.layers = nn.Sequential(*layers)
        self.classify = nn.Linear(64, 10)

    def forward(self, x):
        return self.classify(self.layers(x).mean((2, 3)))


class Torch:
    """Steps of stochastic gradient descent, in the memory format that is faster."""

    def __init__(self, threads):
        torch.set_num_threads(threads)
        self.threads = threads
        self.inputs, self.labels = torch.randn(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))
        candidates = {}
        for layout in (torch.contiguous_format, torch.channels_last):
            self.use(layout)
            self.seconds(2)
            candidates[layout] = self.seconds(STEPS)
        self.use(min(candidates, key=candidates.get))

    def use(self, layout):
        torch.manual_seed(1)
        self.net = ResNet20().to(memory_format=layout).train()
        self.images = self.inputs.to(memory_format=layout)
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def seconds(self, steps):
        torch.set_num_threads(self.threads)
        start = time.perf_counter()
        for _ in range(steps):
            loss = F.cross_entropy(self.net(self.images), self.labels)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
        return time.perf_counter() - start


class Nibble:
    """The program that answers each line with seconds."""

    def __init__(self, threads, precision="float"):
        self.process = subprocess.Popen(
            [".build/release/training-bench", "resnet20", str(BATCH), str(threads), precision],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, steps):
        self.process.stdin.write(f"steps {steps}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    for threads in (1, 2):
        contestants = {"nibble": Nibble(threads), "PyTorch": Torch(threads), "8 bits": Nibble(threads, "8,8,8,16")}
        rates = {name: [] for name in contestants}
        for contestant in contestants.values():
            contestant.seconds(2)
        for _ in range(ROUNDS):
            for name, contestant in contestants.items():
                rates[name].append(STEPS * BATCH / contestant.seconds(STEPS))
        for name in ("nibble", "8 bits"):
            contestants[name].close()
        medians = {name: statistics.median(values) for name, values in rates.items()}
        ratios = [a / b for a, b in zip(rates["nibble"], rates["PyTorch"])]
        print(
            f"{threads} thread{'s' * (threads > 1)}: nibble {medians['nibble']:.0f} images/s, "
            f"PyTorch {torch.__version__} {medians['PyTorch']:.0f}, "
            f"ratio {medians['nibble'] / medians['PyTorch']:.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
            f"in 8 bits {medians['8 bits']:.0f}", flush=True)
    subprocess.run([".build/release/kernel-bench", "gradients"], check=True)


if __name__ == "__main__":
    main()
