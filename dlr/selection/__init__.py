"""Feature selection as scikit-learn transformers, always fitted on training cases only."""

from dlr.selection.agreement import AgreementFilter
from dlr.selection.constant import ConstantFilter
from dlr.selection.fcm import FcmSelector
from dlr.selection.lasso import LassoSelector
from dlr.selection.mann_whitney import MannWhitneyFilter
from dlr.selection.published_lasso import PublishedLasso
from dlr.selection.spearman import SpearmanFilter, absolute_spearman

__all__ = [
    "AgreementFilter",
    "ConstantFilter",
    "FcmSelector",
    "LassoSelector",
    "MannWhitneyFilter",
    "PublishedLasso",
    "SpearmanFilter",
    "absolute_spearman",
]
