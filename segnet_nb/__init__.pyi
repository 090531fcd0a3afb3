from . import (
    course as course,
    datasets as datasets,
    inference as inference,
    losses as losses,
    metrics as metrics,
    networks as networks,
    probes as probes,
    reports as reports,
    sweeps as sweeps,
    teaching as teaching,
    training as training,
    visualizers as visualizers,
    widgets as widgets,
)
from ._shared.errors import (
    DivergedError as DivergedError,
    MissingFileError as MissingFileError,
    MissingPackageError as MissingPackageError,
    OutOfMemoryError as OutOfMemoryError,
    TaskFailedError as TaskFailedError,
    UserError as UserError,
    UserIndexError as UserIndexError,
    UserRuntimeError as UserRuntimeError,
    UserTypeError as UserTypeError,
)
from ._shared.framework import (
    keras as keras,
)
from ._shared.versions import (
    __version__ as __version__,
)
from .datasets import (
    clips as clips,
)
from .inference import (
    evaluation as evaluation,
    exporting as exporting,
    prediction as prediction,
    prediction_files as prediction_files,
    pretrained as pretrained,
    runtimes as runtimes,
    uncertainty as uncertainty,
    video as video,
)
from .inference.evaluation import (
    evaluate as evaluate,
)
from .inference.exporting import (
    export as export,
)
from .inference.prediction import (
    load_model as load_model,
    predict as predict,
    predict_probabilities as predict_probabilities,
)
from .inference.prediction_files import (
    predict_files as predict_files,
)
from .inference.pretrained import (
    load_pretrained as load_pretrained,
)
from .inference.runtimes import (
    open_exported as open_exported,
)
from .inference.uncertainty import (
    predict_with_uncertainty as predict_with_uncertainty,
)
from .inference.video_prediction import (
    predict_video as predict_video,
)
from .metrics import (
    calibration as calibration,
)
from .networks import (
    decoders as decoders,
    folding as folding,
    layers as layers,
    model as model,
    normalization as normalization,
)
from .networks.folding import (
    folded as folded,
)
from .networks.model import (
    segnet_basic as segnet_basic,
    segnet_model as segnet_model,
    segnet_modern as segnet_modern,
    segnet_realtime as segnet_realtime,
    segnet_vgg16 as segnet_vgg16,
)
from .networks.registry import (
    register_decoder as register_decoder,
    register_network as register_network,
)
from .sweeps import (
    sweep as sweep,
)
from .training import (
    comparison as comparison,
    config as config,
    logit_adjustment as logit_adjustment,
    recipes as recipes,
)
from .training.config import (
    TrainConfig as TrainConfig,
)
from .training.logit_adjustment import (
    adjust_logits as adjust_logits,
)
from .training.loop import (
    train as train,
)
