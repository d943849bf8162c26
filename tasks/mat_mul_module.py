"""The tutorial's heavy task.

Its worker: ``celery -A tasks.mat_mul_module worker -l info -n worker-mat-mul@%h -Q mat_mul``.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.application import App
from tasks.arguments import matrix_dimensions, whole_number

app = App("mat_mul_module")
app.config_from_object("tasks.celeryconfig")


class NumpyEncoder(json.JSONEncoder):
    """The tutorial's encoder: ``json.dumps(array, cls=NumpyEncoder)`` writes nested lists.

    The task itself does not need it: its result travels as numjson.
    """

    def default(self, o: Any) -> Any:
        if isinstance(o, np.ndarray):
            return o.tolist()
        return super().default(o)


@dataclass(frozen=True, slots=True)
class AnyFiniteMatrix:
    """Equal to every finite matrix of this shape: what an unseeded product can promise."""

    rows: int
    columns: int

    # Without this, ``array == matcher`` would compare cell by cell.
    __array_ufunc__ = None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AnyFiniteMatrix):
            return (self.rows, self.columns) == (other.rows, other.columns)
        try:
            matrix = np.asarray(other, dtype=np.float64)
        except (TypeError, ValueError):
            return False
        return matrix.shape == (self.rows, self.columns) and bool(np.isfinite(matrix).all())

    def __hash__(self) -> int:
        return hash((self.rows, self.columns))


def factors(m: int, n: int, seed: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return random A (m x n) and B (n x m), the same ones for the same seed. Raises ValueError."""
    rows, columns = matrix_dimensions(m, n)
    if seed is not None:
        whole_number("seed", seed, at_least=0)
    generator = np.random.default_rng(seed)
    return generator.random((rows, columns)), generator.random((columns, rows))


def expected_product(
    m: int, n: int, seed: int | None = None
) -> NDArray[np.float64] | AnyFiniteMatrix:
    """Return the product for a seed, or what any product of that shape equals.

    Equal up to rounding: BLAS may add in another order in a worker with other threads. Raises
    ValueError as the task does.
    """
    if seed is None:
        rows, _ = matrix_dimensions(m, n)
        return AnyFiniteMatrix(rows, rows)
    a, b = factors(m, n, seed)
    product: NDArray[np.float64] = np.dot(a, b)
    return product


@app.task(name="mat_mul_module.tasks.mat_mul", reference=staticmethod(expected_product))
def matrix_multiplication(m: int, n: int, seed: int | None = None) -> NDArray[np.float64]:
    """Return A @ B (m x m) of two random matrices, A of m x n and B of n x m.

    Raises ValueError for dimensions below 1, a matrix of more than TASKS_MAX_MATRIX_CELLS cells,
    and a seed that is no whole number.
    """
    a, b = factors(m, n, seed)
    product: NDArray[np.float64] = np.matmul(a, b)
    return product
