from . import (
    checkpoints as checkpoints,
    comparison as comparison,
    config as config,
    data as data,
    decoder_scores as decoder_scores,
    ema as ema,
    kept_sweeps as kept_sweeps,
    logit_adjustment as logit_adjustment,
    loop as loop,
    optimization as optimization,
    packing as packing,
    recipes as recipes,
    run as run,
    schedules as schedules,
    speed as speed,
)
from .comparison import (
    compare_decoders as compare_decoders,
)
from .config import (
    TrainConfig as TrainConfig,
)
from .kept_sweeps import (
    kept_runs as kept_runs,
)
from .logit_adjustment import (
    Adjustment as Adjustment,
    adjust_logits as adjust_logits,
    fit_offsets as fit_offsets,
)
from .loop import (
    StopTraining as StopTraining,
    train as train,
)
from .run import (
    EpochReport as EpochReport,
    Run as Run,
    load_run as load_run,
)
