from . import (
    answers as answers,
    checking as checking,
    functions as functions,
    lesson01 as lesson01,
    lesson02 as lesson02,
    lesson03 as lesson03,
    lesson04 as lesson04,
    lesson05 as lesson05,
    lesson06 as lesson06,
    lesson07 as lesson07,
    lesson08 as lesson08,
    lesson09 as lesson09,
    lesson10 as lesson10,
    lesson11 as lesson11,
    parameters as parameters,
    rankings as rankings,
    values as values,
    verdicts as verdicts,
)
from .checking import (
    NotRightError as NotRightError,
    check as check,
    exercise_ids as exercise_ids,
    forget as forget,
    grade as grade,
)
from .parameters import (
    require as require,
)
