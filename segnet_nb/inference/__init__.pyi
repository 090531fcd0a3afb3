from . import (
    class_mapping as class_mapping,
    evaluation as evaluation,
    exporting as exporting,
    prediction as prediction,
    prediction_files as prediction_files,
    pretrained as pretrained,
    run_files as run_files,
    runtimes as runtimes,
    uncertainty as uncertainty,
    video as video,
    video_prediction as video_prediction,
)
from .evaluation import (
    Evaluation as Evaluation,
    evaluate as evaluate,
)
from .exporting import (
    export as export,
)
from .prediction import (
    load_model as load_model,
    predict as predict,
    predict_probabilities as predict_probabilities,
)
from .prediction_files import (
    predict_files as predict_files,
)
from .pretrained import (
    available as available,
    load_pretrained as load_pretrained,
)
from .runtimes import (
    open_exported as open_exported,
)
from .uncertainty import (
    predict_with_uncertainty as predict_with_uncertainty,
)
from .video import (
    segment as segment,
)
from .video_prediction import (
    predict_video as predict_video,
)
