"""The exercises of the lessons: checks that say why an answer is not right, and limits of parameters.

Each lesson's exercises are in a module of their own, ``lesson04.py``. To add one:

1. Its entry in ``EXERCISES`` has a judge and two hints. Judges are ``number``, ``numbers``, ``name`` and
   ``names`` of ``values``, ``largest`` of ``rankings`` and ``function`` of ``functions``. Each has a
   reference that does not use the code it checks, and known mistakes by their values. A judge of your own
   gets the answer and the other variables of the check cell, and returns ``right()``,
   ``wrong(why)`` or ``missing(why)`` of ``verdicts``.
2. The cell after the answer is ``course.check("04.1", my_dice)``: the number and variables, nothing else.
3. ``tests/course/table.py`` gets one more right answer than the solution and two tempting wrong ones, and
   ``tests/course/lessons.py`` the variables that the check cell uses; for lessons 06 to 11 these are
   ``table_inspected.py`` and ``inspected.py``.

A lesson's parameters have limits: a cell with the id ``limits`` after them calls ``course.require``, each
comment says the range, and ``LIMITED`` in ``tests/course/test_parameters.py`` names the lesson. ``AGAIN``
and ``INSPECTED`` in ``tests/notebooks/test_notebooks.py`` list lessons whose cells give
the same when they are run twice.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
