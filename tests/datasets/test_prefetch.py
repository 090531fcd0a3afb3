"""Results come in order, computed within bounds, whatever the number of threads."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb.datasets.prefetch import in_order, worker_count


@given(st.lists(st.integers(), max_size=30), st.integers(1, 4), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_it_is_map(items, workers, ahead):
    found = list(in_order(lambda number: number * 3, items, workers=workers, ahead=ahead))
    assert found == [number * 3 for number in items]


def test_in_order_although_the_second_is_done_first():
    second = threading.Event()

    def work(number):
        if number == 0:
            assert second.wait(30)
        else:
            second.set()
        return number

    assert list(in_order(work, range(4), workers=2)) == [0, 1, 2, 3]


@pytest.mark.parametrize(("workers", "ahead", "most"), [(1, 1, 1), (2, 3, 3), (2, 1, 2), (2, None, 4)])
def test_at_most_so_many_are_computed_ahead(workers, ahead, most):
    taken = []

    def items():
        for number in range(20):
            taken.append(number)
            yield number

    results = in_order(lambda number: number, items(), workers=workers, ahead=ahead)
    for used in range(1, 21):
        next(results)
        # The one in use, and what waits behind it.
        assert len(taken) == min(20, used + most)


def prefetching():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_an_error_comes_in_place_of_its_result_and_ends_the_threads():
    def work(number):
        if number == 2:
            raise ValueError("number 2 is broken")
        return number

    results = in_order(work, range(1000), workers=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="number 2 is broken"):
        next(results)
    assert not prefetching() and list(results) == []


def test_closing_ends_the_threads_without_computing_the_rest():
    done = []
    results = in_order(done.append, range(1000), workers=2)
    next(results)
    assert prefetching()
    results.close()
    assert not prefetching() and len(done) < 10


def test_the_number_of_threads():
    assert worker_count(5) == 5 and 1 <= worker_count() <= 8
    with pytest.raises(ValueError, match="workers must be at least 1, or None for one per core, but got 0"):
        next(in_order(abs, [1], workers=0))
