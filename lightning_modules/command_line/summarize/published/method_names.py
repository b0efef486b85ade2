"""What a run is called: the method as a paper has it, or the variant of it that its settings make it.

Published figures of ablations have the same names for the same departures, so that a run stands beside the figure of
its own settings and never, unsaid, beside that of others.
"""

from __future__ import annotations

from collections.abc import Mapping

from zsar.lightning_modules.command_line.summarize.published.published_figures import FROM_CLIP
from zsar.lightning_modules.command_line.summarize.published.trained_model_names import (
    bike_variant,
    open_vclip_variant,
)
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationSettings
from zsar.lightning_modules.command_line.summarize.results.recognition_results import RunSettings
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, kind_of_text

# Others have their class's name.
_METHODS = {"ZeroShotCLIP": "CLIP", "FineTunedCLIP": "ViFi-CLIP", "APCLIP": "AP-CLIP", "OpenVCLIP": "Open-VCLIP"}
