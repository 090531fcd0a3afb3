from . import (
    answers as answers,
    bank as bank,
    checking as checking,
    functions as functions,
    gains as gains,
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
    progress_file as progress_file,
    progress_map as progress_map,
    quizzes as quizzes,
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
from .gains import (
    gain as gain,
)
from .parameters import (
    require as require,
)
from .progress_map import (
    progress as progress,
)
from .quizzes import (
    answer as answer,
    quiz as quiz,
    test as test,
)
