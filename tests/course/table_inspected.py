"""As ``table.py``, for lessons 06 to 11."""

from __future__ import annotations

INSPECT = "inspector.hidden = [n for n in inspector.class_names if n not in ('Pole', 'SignSymbol')]\n"
FOUND = "def nothing_found(share):\n    return "
LABELS = "m = np.asarray(Image.open(out / summary['images'][0]['mask']))\n"
PATHS = (
    "def won(y, x):\n"
    "    steps = microscope.trace.path(y, x, stage=microscope.stage, channel=microscope.channel).steps\n"
    "    return [step.won for step in steps[:2]]\n"
    "pixels = [(y, x) for y in range(rows) for x in range(columns)]\n"
)

# number: (right answers, {wrong answer: part of the reason})
TABLE: dict[str, tuple[list[str], dict[str, str]]] = {
    "06.1": (
        [
            "playground.grid = [[-7] * 6] * 4",
            "playground.grid = np.repeat(np.repeat([[1, 2], [3, -4]], 2, 0), 2, 1)",
            "playground = [[1, 1, 2, 2, 5], [1, 1, 2, 2, 5]] * 2",
            "playground.grid = [[9] * 5] * 5",
        ],
        {
            "playground.fill('zeros')": "but unpooling 16",
            "playground.grid = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 0, 0], [3, 3, 0, 0]]": "but unpooling 7",
            "playground.fill('negative')": "nearest restores 5 of 16",
            "playground.grid = [[1, 1, 2, 2]] * 2 + [[3, 3, 4, 4], [3, 3, 4, 5]]": "nearest restores 13 of",
            "playground = 5": "a map with rows is needed",
            "playground = 'equal'": "numbers are needed",
        },
    ),
    "06.2": (
        [
            PATHS + "twice = np.array([p for p in pixels if won(*p) == [True, True]][-1])",
            PATHS + "microscope.pixel = [p for p in pixels if won(*p) == [True, True]][3]\n"
            "twice = microscope.pixel",
            PATHS
            + "microscope.pixel = [p for p in pixels if won(*p) == [True, True]][1]\ntwice = microscope",
            PATHS + "microscope.stage, microscope.channel = 1, 3\n"
            "twice = [p for p in pixels if won(*p) == [True, True]][5]",
        ],
        {
            PATHS + "twice = [p for p in pixels if won(*p) == [True, False]][0]": "not at stage 2",
            PATHS + "twice = [p for p in pixels if won(*p) == [False, True]][0]": "not at stage 1",
            PATHS + "twice = [p for p in pixels if won(*p) == [False, False]][0]": "at neither stage",
            "twice = (10, 47, 1)": "two whole numbers",
            "twice = (10.5, 4)": "two whole numbers",
            "twice = (47, 31)": "y comes first",
            "twice = (-1, 3)": "there is no pixel (-1, 3)",
            "twice = 'the middle'": "numbers are needed",
        },
    ),
    "06.3": (
        [
            "ablation.modes = [min(('zeros', 'nearest', 'bilinear'), key=lambda mode: -bench.run(\n"
            "    0, {1: mode}).mean_iou), 'true', 'true', 'true']",
        ],
        {
            "ablation.modes = ['true'] * 4": "more than half of the bytes",
            "ablation.modes = ['true', 'true', 'true', 'zeros']": "more than half of the bytes",
            "ablation.modes, ablation.image = max(\n"
            "    ((m, i) for m in (['zeros'] * 4, ['bilinear'] * 4, ['nearest'] * 4) for i in range(3)),\n"
            "    key=lambda c: bench.run(c[1], {}).mean_iou - bench.run(\n"
            "        c[1], dict(zip(bench.stages, c[0]))).mean_iou)": "it falls by 0.02 or more",
            "ablation = ['zeros', 'true', 'true', 'true']": "the explorer above is needed",
        },
    ),
    "07.1": (
        [
            "shares = [near[data.labels == i].mean() if (data.labels == i).any() else 0 for i in range(11)]\n"
            "thinnest = data.classes.names[int(np.argmax(shares))].upper()",
            "shares = [near[data.labels == i].mean() if (data.labels == i).any() else 0 for i in range(11)]\n"
            "thinnest = [' ' + data.classes.names[int(np.argmax(shares))].lower() + 's']",
        ],
        {
            "thinnest = 'Road'": "of its pixels are that near",
            "thinnest = 'sky'": "of its pixels are that near",
            "thinnest = 'Lamp'": "there is no class 'Lamp'",
            "thinnest = 7": "a name in quotes is needed",
        },
    ),
    "07.2": (
        [
            "inspector.overlay, inspector.drawing = 'truth', 'outline'\n"
            "inspector.hidden = sorted(set(inspector.class_names) - {'Pole', 'SignSymbol'})",
        ],
        {
            INSPECT + "inspector.overlay = 'truth'": "drawn as 'fill'",
            INSPECT + "inspector.drawing = 'outline'": "'prediction' is shown",
            INSPECT + "inspector.drawing, inspector.overlay = 'outline', 'compare'": "'compare' is shown",
            "inspector.hidden = ['Pole', 'SignSymbol']": "other classes are colored, and Pole is hidden",
            INSPECT + "inspector.hidden = inspector.hidden[1:]\n"
            "inspector.drawing, inspector.overlay = 'outline', 'truth'": "1 other class is colored",
            "inspector.drawing, inspector.overlay = 'outline', 'truth'": "9 other classes",
            "inspector = ['Pole', 'SignSymbol']": "the inspector above is needed",
        },
    ),
    "07.3": (
        [
            "sure = [known & (confidence >= p / 100) for p in range(101)]\n"
            "ok = [(~wrong & each).sum() >= 0.95 * each.sum() for each in sure]\n"
            "threshold = np.float32(ok.index(True))",
        ],
        {
            "threshold = 0.9": "that is a share",
            "threshold = 0": "only",
            "threshold = 50": "of the remaining pixels are right there",
            "threshold = 99": "a smaller threshold is enough",
            "threshold = 88.5": "not a whole number",
            "threshold = 150": "not between 0 and 100",
            "threshold = '90'": "a number of percent is needed",
        },
    ),
    "08.1": (
        [
            "variance_of_three = np.var([0.9, 0.9, 0.3])",
            "variance_of_three = [0.08]",
            "variance_of_three = 0.57 - 0.7**2",
        ],
        {
            "variance_of_three = np.var([0.9, 0.9, 0.3], ddof=1)": "one less than the number",
            "variance_of_three = np.std([0.9, 0.9, 0.3])": "the standard deviation",
            "variance_of_three = 0.24": "the sum of the squares",
            "variance_of_three = 0.7": "the mean of the samples",
            "variance_of_three = 0.09": "occurs twice",
            "variance_of_three = 0.5": "too large",
            "variance_of_three = 'small'": "numbers are needed",
        },
    ),
    "08.2": (
        ["lens.kept = 0.9\nlens.measure = 'entropy'"],
        {
            "lens.kept = 0.9": "shows the variance, not the entropy",
            "lens.measure, lens.kept = 'mutual_information', 0.9": "shows the mutual information",
            "lens.measure = 'entropy'": "more can be kept",
            "lens.measure, lens.kept = 'entropy', 1.0": "too few",
            "lens.measure, lens.samples, lens.kept = 'entropy', 2, 0.9": "2 samples, not all 4",
            "lens = 0.9": "the lens above is needed",
        },
    ),
    "08.3": (
        ["doubtful = data.classes.names[5].upper()", "doubtful = (data.classes.names[5],)"],
        {
            "doubtful = data.classes.names[1]": "another class has a larger one",
            "doubtful = 'Sky'": "its mean variance is 0.0010",
            "doubtful = 'Lamp'": "there is no class",
            "doubtful = 5": "a name in quotes is needed",
        },
    ),
    "09.1": (
        ["needed = 86_400", "needed = 90 * 120 / 4 * 128 / 4", "needed = np.array([86400])"],
        {
            "needed = 90 * 120 * 128 * 2 // 8": "two bits for each pixel",
            "needed = 45 * 60 * 128 * 2": "these are bits",
            "needed = 45 * 60 * 2 // 8": "one feature map",
            "needed = 90 * 120 * 128 * 4": "as float32",
            "needed = 86.4": "divided by 1000",
            "needed = 90_000": "too large",
            "needed = '86400 bytes'": "numbers are needed",
        },
    ),
    "09.2": (
        [
            "largest = 'Encoder Addition'",
            "largest = DECODERS['encoder_addition'].title",
            "largest = ['ENCODER-ADDITION']",
        ],
        {
            "largest = 'concatenation'": "it keeps 58.75 MB, and another one more",
            "largest = 'fcn_no_reduction'": "it keeps 58.75 MB",
            "largest = 'segnet'": "it keeps 0.92 MB",
            "largest = 'nearest'": "nothing at all",
            "largest = 'unet'": "there is no decoder 'unet'",
            "largest = 59670240": "a name in quotes is needed",
        },
    ),
    "10.1": (
        ["factor = 9.0", "factor = np.array([3 ** 2])"],
        {
            "factor = 3": "in both directions",
            "factor = 6": "multiplied",
            "factor = 27": "channels",
            "factor = 1 / 9": "divided by that of the large",
            "factor = 10": "too large",
            "factor = 'nine'": "numbers are needed",
        },
    ),
    "10.2": (
        ["operator = 'mul'", "operator = ['Mul']", "operator = ' Multiply '"],
        {
            "operator = 'select_v2'": "a selection would do the same, but 'select_v2' is not among",
            "operator = 'GREATER'": "compares the values of a window",
            "operator = 'max_pool'": "is not among the operators",
            "operator = 'argmax'": "chooses the class of each pixel",
            "operator = 9": "a name in quotes is needed",
        },
    ),
    "10.3": (
        ["pixels = np.array([30_720.0])", "pixels = round(0.04 / seconds[-1] * sizes[-1][0] * sizes[-1][1])"],
        {
            "pixels = 240 * 320 / 0.1": "in a second",
            "pixels = 40 * 240 * 320 / 0.1": "40 ms are 0.040 s",
            "pixels = 175.27": "one side of a square frame",
            "pixels = 240 * 320": "the size of the image that was timed",
            "pixels = 0.4": "fit into 40 ms",
            "pixels = 0.04 / 0.01 * 60 * 80": "the smallest of the images",
            "pixels = 240 * 320 * 0.1 / 0.04": "the wrong way round",
            "pixels = 40_000": "too large",
        },
    ),
    "11.1": (
        ["fault = 'EXIF'", "fault = ['Exif']", "fault = 'EXIF metadata'"],
        {
            "fault = 'masks'": "all images would be named",
            "fault = 'Split'": "no mask would be mirrored",
            "fault = 'camera'": "is not it",
            "fault = 2": "a name in quotes is needed",
        },
    ),
    "11.2": (
        [
            FOUND + "[share, 0.5 * share]",
            FOUND + "np.array([share, (share + 0) / 2], 'float32')",
            "def nothing_found(share):\n"
            "    from segnet_nb import metrics\n"
            "    ids = np.arange(1000)[None] >= round(1000 * share)\n"
            "    found = metrics.scores(metrics.confusion_matrix(ids.astype('uint8'), 0 * ids, 2, 2))\n"
            "    return found.global_accuracy, found.mean_iou",
        ],
        {
            FOUND + "0.92, 0.46": "whatever it is called with",
            FOUND + "share, share": "mean over two classes",
            FOUND + "share / 2, share": "another order",
            FOUND + "share, 0.5": "mean of the class accuracies",
            FOUND + "1 - share, (1 - share) / 2": "those of the cells' share",
            FOUND + "100 * share, 50 * share": "percentages",
            FOUND + "share": "shape (2,) is needed",
            FOUND + "share, share / (2 - share)": "which is not right",
            FOUND + "share, None": "numbers are needed",
            "nothing_found = 0.92, 0.46": "a function is needed",
        },
    ),
    "11.3": (
        [
            LABELS + "cells = ndimage.label(m)[0].max()",
            LABELS + "cells = float(len(np.unique(ndimage.label(m == 1)[0])) - 1)",
        ],
        {
            LABELS + "cells = (m == 1).sum()": "the number of pixels",
            LABELS + "cells = len(np.unique(ndimage.label(m)[0]))": "the background is among them",
            LABELS + "cells = ndimage.label(m, np.ones((3, 3)))[1]": "touch at a corner",
            "cells = 17": "too",
            LABELS + "cells = ndimage.label(m)": "numbers are needed",
        },
    ),
}
