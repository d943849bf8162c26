"""mat_mul can be recomputed from its seed; without one its shape and finiteness are checked."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.mat_mul_module import AnyFiniteMatrix, NumpyEncoder, app, matrix_multiplication

reference = matrix_multiplication.reference


def test_it_is_the_tutorials_task() -> None:
    assert app.main == "mat_mul_module"
    assert matrix_multiplication.name == "mat_mul_module.tasks.mat_mul"
    assert matrix_multiplication(20, 20).shape == (20, 20)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**70))
@settings(deadline=None, max_examples=30)
def test_a_seeded_product_can_be_recomputed(m: int, n: int, seed: int) -> None:
    product = matrix_multiplication.apply((m, n), {"seed": seed}).get()
    assert product.shape == (m, m)
    np.testing.assert_allclose(product, reference(m, n, seed=seed), rtol=1e-12)


def test_other_seeds_give_other_products() -> None:
    assert not np.array_equal(matrix_multiplication(3, 3, 1), matrix_multiplication(3, 3, 2))
    assert not np.array_equal(matrix_multiplication(3, 3), matrix_multiplication(3, 3))


def test_an_unseeded_product_is_checked_by_shape_and_finiteness() -> None:
    expected = reference(3, 5)
    product = matrix_multiplication(3, 5)
    assert expected == product
    assert product == expected
    assert expected == product.tolist()
    assert expected == reference(3, 9)
    assert hash(expected) == hash(reference(3, 9))


@pytest.mark.parametrize(
    "other",
    [
        np.ones((2, 3)),
        np.ones((3, 3, 1)),
        np.full((3, 3), np.nan),
        np.full((3, 3), np.inf),
        [[1, 2, 3], [4, 5]],
        "matrix",
        None,
        AnyFiniteMatrix(2, 2),
    ],
)
def test_what_is_no_such_matrix(other: Any) -> None:
    assert reference(3, 5) != other


@pytest.mark.parametrize("args", [(0, 1), (1, -1), (2.0, 1), (True, 1), (2001, 1), (1, 4_000_001)])
def test_bad_dimensions(args: tuple[Any, ...]) -> None:
    for function in (matrix_multiplication, reference):
        with pytest.raises(ValueError, match=r"must be|more than the limit"):
            function(*args)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_bad_seeds(seed: Any) -> None:
    for function in (matrix_multiplication, reference):
        with pytest.raises(ValueError, match="seed must be"):
            function(2, 2, seed=seed)


def test_the_tutorials_encoder_still_works() -> None:
    assert json.dumps({"C": np.eye(2)}, cls=NumpyEncoder) == '{"C": [[1.0, 0.0], [0.0, 1.0]]}'
    with pytest.raises(TypeError):
        json.dumps(object(), cls=NumpyEncoder)
