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
    from dlr.figures._calibration import plot_calibration
    from dlr.figures._centres import plot_centre_scatter
    from dlr.figures._decision import plot_decision
    from dlr.figures._delong import plot_delong_matrix
    from dlr.figures._examples import plot_examples
    from dlr.figures._flowchart import plot_flowchart
    from dlr.figures._forest import plot_auc_forest, plot_clinical_ranking, plot_odds_ratios
    from dlr.figures._grid import plot_auc_heatmap
    from dlr.figures._love import plot_love
    from dlr.figures._nomogram import plot_nomogram
    from dlr.figures._roc import plot_clinical_roc, plot_roc
    from dlr.figures._scores import plot_confusion, plot_scores
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
    "plot_auc_heatmap": "_grid",
    "plot_calibration": "_calibration",
    "plot_decision": "_decision",
    "plot_delong_matrix": "_delong",
    "plot_examples": "_examples",
    "plot_flowchart": "_flowchart",
    "plot_auc_forest": "_forest",
    "plot_clinical_ranking": "_forest",
    "plot_odds_ratios": "_forest",
    "plot_love": "_love",
    "plot_nomogram": "_nomogram",
    "plot_clinical_roc": "_roc",
    "plot_roc": "_roc",
    "plot_confusion": "_scores",
    "plot_scores": "_scores",
    "plot_agreement": "_selection",
    "plot_coefficients": "_selection",
    "plot_lasso_cv": "_selection",
    "plot_lasso_path": "_selection",
    "is_stamped": "_stamp",
    "save_figure": "_stamp",
    "stamp_simulated": "_stamp",
    "plot_centre_scatter": "_centres",
    "plot_subgroups": "_subgroups",
    "plot_icc_histogram": "_stability",
    "Line": "_style",
    "figure_style": "_style",
    "line_styles": "_style",
}

__all__ = [
    "Line",
    "figure_style",
    "is_stamped",
    "line_styles",
    "plot_ablation",
    "plot_agreement",
    "plot_auc_forest",
    "plot_auc_heatmap",
    "plot_calibration",
    "plot_centre_scatter",
    "plot_clinical_ranking",
    "plot_clinical_roc",
    "plot_coefficients",
    "plot_confusion",
    "plot_decision",
    "plot_delong_matrix",
    "plot_examples",
    "plot_flowchart",
    "plot_icc_histogram",
    "plot_lasso_cv",
    "plot_lasso_path",
    "plot_love",
    "plot_nomogram",
    "plot_odds_ratios",
    "plot_optimism",
    "plot_roc",
    "plot_scores",
    "plot_selection_frequency",
    "plot_subgroups",
    "save_figure",
    "stamp_simulated",
]


def __getattr__(name: str) -> Any:
    """Load a figure function, and matplotlib with it, when it is first asked for."""
    if name in _MODULES:
        return getattr(import_module(f"dlr.figures.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'dlr.figures' has no attribute '{name}'")
