from __future__ import annotations

import numpy as np
import torch

from indexer.shared.encoder.preparing import even_out


class Attention(torch.nn.Module):
    """Two layers that take the same input, and one that takes what both give."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = torch.nn.ModuleDict({"query": torch.nn.Linear(8, 4), "key": torch.nn.Linear(8, 4)})
        self.output = torch.nn.Linear(4, 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.output(self.inside["query"](inputs) * self.inside["key"](inputs))
        return outputs


def test_evened_out_a_network_gives_the_same_from_inputs_of_about_one_range() -> None:
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    ranges = np.array([1, 1, 1, 50, 1, 1, 1, 0], dtype=np.float32)  # a channel that stands out, one of noughts
    examples = [[rng.uniform(-1, 1, (1, length, 8)).astype(np.float32) * ranges] for length in (5, 9, 2)]
    network = Attention().eval()
    before = [network(torch.from_numpy(*example)) for example in examples]
    seen: list[torch.Tensor] = []

    even_out(network, examples)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].abs().amax(dim=(0, 1))))
    after = [network(torch.from_numpy(*example)) for example in examples]

    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)
    assert len(seen) == len(examples) * 3
    of_query, of_key = (torch.stack(seen[place::3]).amax(dim=0)[:-1] for place in (0, 1))
    assert torch.equal(of_query, of_key)
    assert of_query.max() / of_query.min() < 50 / 5
