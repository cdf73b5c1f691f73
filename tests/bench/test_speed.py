from __future__ import annotations

from bench.speed import medians


class Clock:
    """Stands still but for what is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_medians_are_of_each_action_by_itself_without_the_first_round() -> None:
    clock, calls = Clock(), []

    def work(name: str, seconds: list[float]) -> None:
        calls.append(name)
        clock.now += seconds[sum(one == name for one in calls) - 1]

    found = medians([lambda _: work("a", [99, 1, 5, 2]), lambda _: work("b", [99, 7, 6, 8])], 3, clock=clock)
    assert found == [2, 7]
    assert calls == ["a", "b", "b", "a", "a", "b", "b", "a"]


def test_rounds_are_numbered_from_0() -> None:
    numbers: list[int] = []
    medians([numbers.append], 3)
    assert numbers == [0, 0, 1, 2]
