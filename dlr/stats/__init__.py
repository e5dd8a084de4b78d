"""Statistics of diagnostic models; each function returns a frozen result object.

Higher scores always mean that the event is more likely; nothing is turned round. Confidence
levels are arguments. What cannot be computed comes back as NaN with a ``note`` that says why.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlr.stats._results import ConfidenceInterval, Estimate, Proportion
from dlr.stats.calibration import Calibration, calibration
from dlr.stats.calibration_bootstrap import CalibrationBootstrap, calibration_bootstrap
from dlr.stats.concordance import Concordance, concordance
from dlr.stats.decision import DecisionCurve, DecisionDifference, decision_curve
from dlr.stats.delong import DelongTest, delong_test, delong_test_unpaired
from dlr.stats.delong_matrix import DelongMatrix, delong_matrix
from dlr.stats.heterogeneity import HeterogeneityTest, cochran_q
from dlr.stats.hosmer_lemeshow import HosmerLemeshow, hosmer_lemeshow
from dlr.stats.icc import Icc, IccTable, icc, icc_table
from dlr.stats.icc_repeated import icc_repeated
from dlr.stats.metrics import ClassificationMetrics, classification_metrics
from dlr.stats.multiplicity import adjust_p_values
from dlr.stats.optimism import OptimismBootstrap, optimism_bootstrap
from dlr.stats.paired_calls import (
    PairedProportions,
    ReaderComparison,
    compare_sensitivity_specificity,
)
from dlr.stats.reclassification import Reclassification, reclassification
from dlr.stats.roc import Auc, RocCurve, auc, roc_curve
from dlr.stats.sample_size import SampleSize, sample_size_binary
from dlr.stats.selection_stability import SelectionStability, nogueira_stability
from dlr.stats.spiegelhalter import Spiegelhalter, spiegelhalter
from dlr.stats.thresholds import YoudenThreshold, youden_threshold

if TYPE_CHECKING:
    from dlr.stats.baseline import BaselineTable, baseline_table
    from dlr.stats.group_tests import (
        GroupTest,
        analysis_of_variance,
        chi_squared_test,
        fisher_exact_test,
        kruskal_wallis_test,
        mann_whitney_test,
        mcnemar_test,
        shapiro_wilk_test,
        spearman_test,
        t_test,
    )
    from dlr.stats.logistic import LogisticModel, fit_logistic
    from dlr.stats.multiple_imputation import (
        ImputedLogistic,
        PooledEstimates,
        multiple_imputation_logistic,
        pool_rubin,
    )
    from dlr.stats.propensity import propensity_match
    from dlr.stats.regression_tables import (
        LogisticTable,
        multivariable_logistic,
        univariate_logistic,
    )

# Loaded when first asked for: these need statsmodels or scipy.stats, which take a second.
_MODULE_OF = {
    "LogisticModel": "logistic",
    "LogisticTable": "regression_tables",
    "fit_logistic": "logistic",
    "multivariable_logistic": "regression_tables",
    "univariate_logistic": "regression_tables",
    "ImputedLogistic": "multiple_imputation",
    "PooledEstimates": "multiple_imputation",
    "multiple_imputation_logistic": "multiple_imputation",
    "pool_rubin": "multiple_imputation",
    "BaselineTable": "baseline",
    "baseline_table": "baseline",
    "propensity_match": "propensity",
    "GroupTest": "group_tests",
    "analysis_of_variance": "group_tests",
    "chi_squared_test": "group_tests",
    "fisher_exact_test": "group_tests",
    "kruskal_wallis_test": "group_tests",
    "mann_whitney_test": "group_tests",
    "mcnemar_test": "group_tests",
    "shapiro_wilk_test": "group_tests",
    "spearman_test": "group_tests",
    "t_test": "group_tests",
}

__all__ = [
    "Auc",
    "BaselineTable",
    "Calibration",
    "CalibrationBootstrap",
    "ClassificationMetrics",
    "Concordance",
    "ConfidenceInterval",
    "DecisionCurve",
    "DecisionDifference",
    "DelongMatrix",
    "DelongTest",
    "Estimate",
    "GroupTest",
    "HeterogeneityTest",
    "HosmerLemeshow",
    "Icc",
    "IccTable",
    "ImputedLogistic",
    "LogisticModel",
    "LogisticTable",
    "OptimismBootstrap",
    "PairedProportions",
    "PooledEstimates",
    "Proportion",
    "ReaderComparison",
    "Reclassification",
    "RocCurve",
    "SampleSize",
    "SelectionStability",
    "Spiegelhalter",
    "YoudenThreshold",
    "adjust_p_values",
    "analysis_of_variance",
    "auc",
    "baseline_table",
    "calibration",
    "calibration_bootstrap",
    "chi_squared_test",
    "classification_metrics",
    "cochran_q",
    "compare_sensitivity_specificity",
    "concordance",
    "decision_curve",
    "delong_matrix",
    "delong_test",
    "delong_test_unpaired",
    "fisher_exact_test",
    "fit_logistic",
    "hosmer_lemeshow",
    "icc",
    "icc_repeated",
    "icc_table",
    "kruskal_wallis_test",
    "mann_whitney_test",
    "mcnemar_test",
    "multiple_imputation_logistic",
    "multivariable_logistic",
    "nogueira_stability",
    "optimism_bootstrap",
    "pool_rubin",
    "propensity_match",
    "reclassification",
    "roc_curve",
    "sample_size_binary",
    "shapiro_wilk_test",
    "spearman_test",
    "spiegelhalter",
    "t_test",
    "univariate_logistic",
    "youden_threshold",
]


def __getattr__(name: str) -> Any:
    """Import the module that defines `name` when the name is first asked for (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__
