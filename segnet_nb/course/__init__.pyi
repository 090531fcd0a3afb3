from . import (
    answers as answers,
    checking as checking,
    functions as functions,
    lesson01 as lesson01,
    lesson02 as lesson02,
    lesson03 as lesson03,
    lesson04 as lesson04,
    lesson05 as lesson05,
    parameters as parameters,
    values as values,
    verdicts as verdicts,
)
from .checking import (
    check as check,
    exercise_ids as exercise_ids,
    forget as forget,
)
from .parameters import (
    require as require,
)
