"""Figures: one function each, taking a result object and an Axes, returning the Axes.

Every function draws what it is given and computes nothing a table would not show. Without an
Axes it makes a figure of its own, at journal column width; ``ax.figure.savefig(...)`` or
:func:`save_figure` writes it. Nothing touches pyplot or matplotlib's global settings.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.figures._ablation import plot_ablation
    from dlr.figures._audit import plot_optimism, plot_selection_frequency
    from dlr.figures._calibration import plot_calibration, plot_corrected_calibration
    from dlr.figures._centres import plot_centre_scatter
    from dlr.figures._clusters import plot_feature_clusters
    from dlr.figures._components import plot_scree
    from dlr.figures._confusion import plot_confusion
    from dlr.figures._correlation import plot_correlation, plot_correlation_clusters
    from dlr.figures._decision import plot_decision
    from dlr.figures._delong import plot_delong_matrix
    from dlr.figures._entropy import local_entropy
    from dlr.figures._examples import plot_examples
    from dlr.figures._flowchart import plot_flowchart
    from dlr.figures._forest import plot_auc_forest, plot_clinical_ranking, plot_odds_ratios
    from dlr.figures._grid import plot_auc_heatmap
    from dlr.figures._love import plot_love
    from dlr.figures._nomogram import plot_nomogram
    from dlr.figures._roc import plot_algorithm_roc, plot_clinical_roc, plot_roc
    from dlr.figures._roc_band import RocBand, roc_band
    from dlr.figures._roi import plot_local_entropy, plot_roi, plot_roi_sheet
    from dlr.figures._scores import plot_scores, plot_waterfall
    from dlr.figures._selection import (
        plot_agreement,
        plot_coefficients,
        plot_lasso_cv,
        plot_lasso_path,
    )
    from dlr.figures._stability import plot_icc_histogram
    from dlr.figures._stamp import is_stamped, save_figure, stamp_simulated
    from dlr.figures._style import Line, figure_style, line_styles
    from dlr.figures._subgroups import plot_subgroups

_MODULES = {
    "plot_ablation": "_ablation",
    "plot_optimism": "_audit",
    "plot_selection_frequency": "_audit",
    "plot_calibration": "_calibration",
    "plot_corrected_calibration": "_calibration",
    "plot_centre_scatter": "_centres",
    "plot_feature_clusters": "_clusters",
    "plot_scree": "_components",
    "plot_confusion": "_confusion",
    "plot_correlation": "_correlation",
    "plot_correlation_clusters": "_correlation",
    "plot_decision": "_decision",
    "plot_delong_matrix": "_delong",
    "local_entropy": "_entropy",
    "plot_examples": "_examples",
    "plot_flowchart": "_flowchart",
    "plot_auc_forest": "_forest",
    "plot_clinical_ranking": "_forest",
    "plot_odds_ratios": "_forest",
    "plot_auc_heatmap": "_grid",
    "plot_love": "_love",
    "plot_nomogram": "_nomogram",
    "plot_algorithm_roc": "_roc",
    "plot_clinical_roc": "_roc",
    "plot_roc": "_roc",
    "RocBand": "_roc_band",
    "roc_band": "_roc_band",
    "plot_local_entropy": "_roi",
    "plot_roi": "_roi",
    "plot_roi_sheet": "_roi",
    "plot_scores": "_scores",
    "plot_waterfall": "_scores",
    "plot_agreement": "_selection",
    "plot_coefficients": "_selection",
    "plot_lasso_cv": "_selection",
    "plot_lasso_path": "_selection",
    "plot_icc_histogram": "_stability",
    "is_stamped": "_stamp",
    "save_figure": "_stamp",
    "stamp_simulated": "_stamp",
    "Line": "_style",
    "figure_style": "_style",
    "line_styles": "_style",
    "plot_subgroups": "_subgroups",
}

__all__ = [
    "Line",
    "RocBand",
    "figure_style",
    "is_stamped",
    "line_styles",
    "local_entropy",
    "plot_ablation",
    "plot_agreement",
    "plot_algorithm_roc",
    "plot_auc_forest",
    "plot_auc_heatmap",
    "plot_calibration",
    "plot_centre_scatter",
    "plot_clinical_ranking",
    "plot_clinical_roc",
    "plot_coefficients",
    "plot_confusion",
    "plot_corrected_calibration",
    "plot_correlation",
    "plot_correlation_clusters",
    "plot_decision",
    "plot_delong_matrix",
    "plot_examples",
    "plot_feature_clusters",
    "plot_flowchart",
    "plot_icc_histogram",
    "plot_lasso_cv",
    "plot_lasso_path",
    "plot_local_entropy",
    "plot_love",
    "plot_nomogram",
    "plot_odds_ratios",
    "plot_optimism",
    "plot_roc",
    "plot_roi",
    "plot_roi_sheet",
    "plot_scores",
    "plot_scree",
    "plot_selection_frequency",
    "plot_subgroups",
    "plot_waterfall",
    "roc_band",
    "save_figure",
    "stamp_simulated",
]


def __getattr__(name: str) -> Any:
    """Load a figure function, and matplotlib with it, when it is first asked for."""
    if name in _MODULES:
        return getattr(import_module(f"dlr.figures.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'dlr.figures' has no attribute '{name}'")
