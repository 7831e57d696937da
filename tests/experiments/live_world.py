"""A model, a loader and an optimizer with everything in them that a training touches."""

import random

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

F = torch.nn.functional


class Net(nn.Module):
    """BatchNorm, dropout, a buffer that is not persistent, a buffer that is replaced, and a plain counter."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 5))
        self.register_buffer("scale", torch.ones(()), persistent=False)
        self.register_buffer("mean", torch.zeros(20))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.calls += 1
            self.scale += 0.01
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0)  # a new tensor, not an in-place update
        noise = 0.01 * random.random() + 0.01 * float(np.random.rand())
        return self.inner(x - self.mean) * self.scale * (1 + 0.1 * np.sin(self.calls)) + noise


class World:
    """Everything a training touches, warmed up by ten steps of Adam."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        generator = torch.Generator().manual_seed(1)
        x = torch.randn(512, 20, generator=generator)
        y = (x @ torch.randn(20, 5, generator=generator)).argmax(1)
        self.loader = DataLoader(
            TensorDataset(x, y), batch_size=32, shuffle=True, generator=torch.Generator().manual_seed(2)
        )
        self.model = Net()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=3e-3)
        self.losses(10)
        self.model.inner[3].eval()  # a frozen part must stay frozen

    def losses(self, steps: int) -> list[float]:
        found = []
        while len(found) < steps:
            for x, y in self.loader:
                loss = F.cross_entropy(self.model(x), y)
                found.append(loss.item())
                if len(found) == steps:  # leaves .grad of the last step behind
                    break
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
        loss.backward()
        return found

    def flags(self) -> list[bool]:
        return [module.training for module in self.model.modules()]

    def grads(self) -> list[Tensor | None]:
        return [None if p.grad is None else p.grad.clone() for p in self.model.parameters()]


WITHOUT = World().losses(20)
