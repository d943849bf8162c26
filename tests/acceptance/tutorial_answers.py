"""What the tutorial's three callers must print."""

import ast
import math
import re
import sys


def is_factorial_of_20000(text: str) -> bool:
    """All its digits."""
    sys.set_int_max_str_digits(0)
    return int(text) == math.factorial(20000)


def is_square_matrix(text: str, size: int) -> bool:
    """As numpy prints one."""
    rows = ast.literal_eval(re.sub(r"(?<=[0-9.])\s+(?=[0-9-])|(?<=\])\s+(?=\[)", ",", text.strip()))
    return len(rows) == size and all(len(row) == size for row in rows)
