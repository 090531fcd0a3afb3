"""For every exercise: other right answers than the solution's, and tempting wrong ones with the reason."""

from __future__ import annotations

COPIED = "patient = replace(train, labels=train.labels.copy())\n"
DICE = "def my_dice(p, y):\n    return "

# number: (right answers, {wrong answer: part of the reason})
TABLE: dict[str, tuple[list[str], dict[str, str]]] = {
    "01.1": (
        [
            "found = [[0, 1], [2, 3]]",
            "found = np.array([[0, 1], [2, 3]])",
            "found = (0.0, 1.0, 2.0, 3.0)",
            "found = np.array([0, 1, 2, 3], 'uint8')[None, :, None]",
        ],
        {
            "found = [3, 2, 2, 3]": "of equal numbers the first one",
            "found = [0, 4, 3, 9]": "these are the maxima",
            "found = [0, 2, 1, 3]": "count downwards first",
            "found = [1, 2, 3, 4]": "count from 1",
            "found = [0, 3, 12, 15]": "positions in the whole feature map",
            "found = [[0, 0], [0, 1], [1, 0], [1, 1]]": "two numbers for each window",
            "found = [0, 1, 1, 3]": "the window at the bottom left is not right",
            "found = [0, 1, 2]": "4 numbers are needed, and there are 3",
            "found = [0, 1, 3, 2]": "another order",
            "found = 'first'": "numbers are needed, and this is text",
            "found = {0, 1, 2, 3}": "numbers in an order are needed",
            "found = [0, 1, 2, np.nan]": "not finite",
        },
    ),
    "01.2": (
        [
            "positions = [4, 2, 13, 10]",
            "positions = np.array([[4, 2], [13, 10]], float)",
            "positions = tuple(4 * y + x for y, x in ((1, 0), (0, 2), (3, 1), (2, 2)))",
        ],
        {
            "positions = [2, 0, 3, 0]": "indices within the windows",
            "positions = [5, 1, 4, 7]": "these are the maxima",
            "positions = [1, 8, 7, 10]": "x * height + y",
            "positions = [5, 3, 14, 11]": "count from 1",
            "positions = [(1, 0), (0, 2), (3, 1), (2, 2)]": "a row and a column",
            "positions = [4, 3, 13, 11]": "the top right and the window at the bottom right are not",
        },
    ),
    "01.3": (
        ["entries = np.int64(4)", "entries = 4.0", "entries = np.array([4])"],
        {
            "entries = 16": "every pixel came back",
            "entries = 252": "the entries that are zero",
            "entries = 12": "become zero",
            "entries = 4.5": "not a whole number",
            "entries = 5": "too large",
            "entries = [2, 2]": "a single number is needed",
            "entries = 'four'": "numbers are needed",
            "entries = True": "numbers are needed, and this is True or False",
        },
    ),
    "02.1": (
        ["deepest = 76", "deepest = np.float32(76)", "deepest = 4 * (1 + 2 + 4 + 8) + 15 + 1"],
        {
            "deepest = 106": "7 x 7",
            "deepest = 68": "before the last pooling",
            "deepest = 61": "the poolings are missing",
            "deepest = 36": "three stages",
            "deepest = 21": "further apart",
            "deepest = 75": "too small",
        },
    ),
    "02.2": (
        ["first_pooling = 691_200", "first_pooling = 180 * 240 * 64 * 2 / 8"],
        {
            "first_pooling = 180 * 240 * 64": "one byte for each index",
            "first_pooling = 360 * 480 * 64 // 4": "one byte for each index",
            "first_pooling = 180 * 240 * 64 * 2": "these are bits",
            "first_pooling = 180 * 240 // 4": "one feature map",
            "first_pooling = 360 * 480 * 64 * 4": "what the feature maps take",
            "first_pooling = 691.2": "divided by 1000",
        },
    ),
    "02.3": (
        [
            "last_convolutions = (48, 32, 32)",
            "last_convolutions = np.array([48, 32, 32])",
            "last_convolutions = [48.0, 32.0, 32.0]",
        ],
        {
            "last_convolutions = [96, 48, 32]": "as in the code that cannot run",
            "last_convolutions = [32, 32, 48]": "stage 3 comes first",
            "last_convolutions = [32, 48, 96]": "from the first stage on",
            "last_convolutions = [48, 32, 3]": "stage 1 is not right",
            "last_convolutions = [48, 32]": "3 numbers are needed, and there are 2",
        },
    ),
    "03.1": (
        [
            "frequencies = (0.8333, 0.5)",
            "frequencies = np.array([[5 / 6], [1 / 2]])",
            "from fractions import Fraction\nfrequencies = [Fraction(5, 6), Fraction(1, 2)]",
        ],
        {
            "frequencies = [25 / 30, 5 / 30]": "divides both by all pixels",
            "frequencies = [83.3333, 50]": "percentages",
            "frequencies = [25, 5]": "numbers of pixels",
            "frequencies = [0.5, 25 / 30]": "another order",
            "frequencies = [0.5, 0.5]": "within the third image",
            "frequencies = [0.8, 1.3333]": "these are weights",
            "frequencies = [0.75, 0.5]": "the frequency of class 0 is not right",
        },
    ),
    "03.2": (
        [
            "n = np.bincount(train.labels.ravel(), minlength=12)[:11]\naccuracy = max(n) / sum(n)",
            "accuracy = np.array([max(shares['train'][:-1]) / (1 - shares['train'][-1])])",
        ],
        {
            "accuracy = shares['train'][:-1].max()": "void is among the pixels",
            "accuracy = 100 * shares['train'][:-1].max() / shares['train'][:-1].sum()": "a percentage",
            "accuracy = 1 - shares['train'][:-1].max() / shares['train'][:-1].sum()": "gets wrong",
            "accuracy = 1 / 11": "by chance",
            "accuracy = 0.99": "too large",
            "accuracy = shares['train'][:-1] / shares['train'][:-1].sum()": "a single number",
        },
    ),
    "03.3": (
        [
            COPIED + "patient.labels[3] = np.flipud(train.labels[3])",
            "new = train.labels.copy()\nnew[7] = new[7][::-1].copy()\npatient = replace(train, labels=new)",
        ],
        {
            COPIED + "patient.labels[20] = train.labels[20][:, ::-1]": ("mask 20 is mirrored left to right"),
            COPIED + "patient.labels[20] = train.labels[20][::-1, ::-1]": ("turned by 180 degrees"),
            "patient = train\npatient.labels[20] = train.labels[20][::-1].copy()": "share their masks",
            "patient = replace(train, labels=train.labels[:, ::-1].copy())": "24 masks differ",
            COPIED + "patient.labels[20] = 0": "has changed, but",
            "patient = replace(train, labels=train.labels.copy(), images=train.images.copy())\n"
            "patient.images[20] = train.images[20][::-1]": "images have changed",
            "patient = train.labels[20][::-1]": "a dataset like train is needed",
        },
    ),
    "04.1": (
        [
            DICE + "1 - 2 * np.mean(p * y) / (np.mean(p) + np.mean(y))",
            "def my_dice(p, y):\n    r = (p * y).sum() / (p + y).sum()\n    return np.array(1 - 2 * r)",
            DICE + "(p + y - 2 * p * y).sum() / (p.sum() + y.sum() + 1e-7)",
            "def my_dice(p, y):\n    p, y = keras.ops.cast(p, 'float32'), keras.ops.cast(y, 'float32')\n"
            "    return 1 - 2 * keras.ops.sum(p * y) / (keras.ops.sum(p) + keras.ops.sum(y))",
        ],
        {
            DICE + "0.5789": "it gives 0.5789 whatever it is called with",
            DICE + "1 - 2 * (p * y).sum() / (p.sum() + 1)": "taken to be 1",
            DICE + "1 - (p * y).sum() / (p.sum() + y.sum())": "without the factor 2",
            DICE + "2 * (p * y).sum() / (p.sum() + y.sum())": "the Dice ratio itself",
            DICE + "1 - (p * y).sum() / (p + y - p * y).sum()": "1 - IoU",
            DICE + "1 - 2 * (p * y).sum() / ((p * p).sum() + (y * y).sum())": "squares",
            DICE + "1 - 2 * (p * y).sum() / p.sum()": "the true size is missing",
            DICE + "1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)": "smoothing",
            DICE + "1 - 2 * (p * y).sum(0) / (p.sum(0) + y.sum(0))": "has shape (2,)",
            "def my_dice(p, y):\n    y -= 1\n    return 1 - 2 * (p * y).sum() / p.sum()": "changes y",
            DICE + "p.total()": "raises AttributeError",
            "def my_dice(p):\n    return p.sum()": "raises TypeError",
            DICE + "f'{(p * y).sum()}'": "numbers are needed, and this is text",
            DICE + "int((p * y).sum())": "fractions are needed",
            DICE + "1 - 2 * (p * y).sum() / (p.sum() + y.sum()) + (p.size > 20)": (
                "right for 6 of 8 inputs, but for p of shape (4, 3, 2)"
            ),
            "my_dice = 0.5789": "a function is needed, and this is a float",
        },
    ),
    "04.2": (
        [
            "task.share, task.missed = 0.025, 1.0",
            "task.share, task.shift = 0.01, 8",
            "mask = np.zeros((24, 32), int)\nmask[3:6, 3:8] = 1\ntask.paint(mask)\ntask.missed = 0.95",
        ],
        {
            "task.missed = 0.9": "but the accuracy is",
            "task.share, task.missed = 0.02, 0.5": "but the IoU is",
            "task.share, task.missed = 0.3, 0.4": "the accuracy is",
            "task.paint(np.zeros((24, 32), int))": "there is no object at all",
            "task = 0.98": "the loss lab above is needed",
        },
    ),
    "04.3": (
        [
            "my_weight = 9",
            "my_weight = np.array([90 / 10])",
            "from fractions import Fraction\nmy_weight = Fraction(9)",
        ],
        {
            "my_weight = 0.9": "the share of the background",
            "my_weight = 1 / 9": "count even less",
            "my_weight = 10": "1 divided by the object's share",
            "my_weight = 5": "median frequency balancing",
            "my_weight = 8": "too small",
            "my_weight = '9'": "numbers are needed",
        },
    ),
    "05.1": (
        [
            "steps = 84",
            "steps = np.float64(12 * (30 // 4))",
            "steps = len(run.history) * int(len(train_data) / 4)",
        ],
        {
            "steps = 7": "the steps of one epoch",
            "steps = 12 * 8": "a batch that is not full",
            "steps = 12 * 30": "how many images the network saw",
            "steps = 12": "the number of epochs",
            "steps = 90": "too large",
            "run.history = run.history[:5]\nsteps = 84": "the run was stopped early",
        },
    ),
    "05.2": (
        [
            "def stops_after(scores, patience):\n"
            "    for end in range(patience + 1, len(scores) + 1):\n"
            "        if max(scores[end - patience:end]) <= max(scores[:end - patience]):\n"
            "            return np.int64(end)",
            "def stops_after(scores, patience):\n"
            "    best, last = scores[0], 1\n"
            "    for epoch in range(2, len(scores) + 1):\n"
            "        if scores[epoch - 1] > best:\n"
            "            best, last = scores[epoch - 1], epoch\n"
            "        elif epoch - last == patience:\n"
            "            return epoch\n"
            "    return None",
        ],
        {
            # A counter that is never reset.
            "def stops_after(scores, patience):\n"
            "    best, since = -1, 0\n"
            "    for epoch, score in enumerate(scores, 1):\n"
            "        if score > best:\n"
            "            best = score\n"
            "        else:\n"
            "            since += 1\n"
            "        if since == patience:\n"
            "            return epoch": "never reset",
            "def stops_after(scores, patience):\n"
            "    best, since = -1, 0\n"
            "    for epoch, score in enumerate(scores, 1):\n"
            "        best, since = (score, 0) if score >= best else (best, since + 1)\n"
            "        if since == patience:\n"
            "            return epoch": "to come level",
            "def stops_after(scores, patience):\n"
            "    before, since = -1, 0\n"
            "    for epoch, score in enumerate(scores, 1):\n"
            "        before, since = score, 0 if score > before else since + 1\n"
            "        if since == patience:\n"
            "            return epoch": "the one before it",
            "def stops_after(scores, patience):\n"
            "    best, since = -1, 0\n"
            "    for epoch, score in enumerate(scores):\n"
            "        best, since = (score, 0) if score > best else (best, since + 1)\n"
            "        if since == patience:\n"
            "            return epoch": "counted from 0",
            "def stops_after(scores, patience):\n"
            "    best, since = -1, 0\n"
            "    for epoch, score in enumerate(scores, 1):\n"
            "        best, since = (score, 0) if score > best else (best, since + 1)\n"
            "        if since > patience:\n"
            "            return epoch": "one epoch too late",
            "def stops_after(scores, patience):\n"
            "    best, since = -1, 0\n"
            "    for epoch, score in enumerate(scores, 1):\n"
            "        best, since = (score, 0) if score > best else (best, since + 1)\n"
            "        if since == patience:\n"
            "            return epoch\n"
            "    return len(scores)": "None is asked for",
            "def stops_after(scores, patience):\n    return 4": "it gives 4 whatever",
            "def stops_after(scores, patience):\n    scores.sort()\n    return 4": "changes scores",
            "def stops_after(scores, patience):\n    return scores[patience + 1]": "raises IndexError",
        },
    ),
    "05.3": (
        ["by_heart = learnt", "by_heart = learnt.model"],
        {
            "by_heart = run": "a run that train returns is needed",
            "val_data = few\nby_heart = learnt": "the difference should be 0.15 or more",
            "few, val_data = val_data, few\nby_heart = learnt": "few has 6 images",
            "few, val_data = val_data.select(np.arange(4)), few\nby_heart = learnt": "not know the few",
            "by_heart = 0.4": "this is a float",
        },
    ),
}
