"""ComBat: its formulas written out again, the published package's values, and hard cases."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.models.centre_scatter import centre_scatter
from dlr.models.harmonisation import MINIMUM_UNSEEN, ComBat


def data(n: int = 60, p: int = 8, seed: int = 0) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    random = np.random.default_rng(seed)
    centre = np.repeat(["a", "b", "c"], [n // 2, n // 3, n - n // 2 - n // 3])
    clinical = pd.DataFrame({"age": random.normal(50, 10, n), "sex": random.choice(["f", "m"], n)})
    X = random.normal(size=(n, p)) * np.linspace(0.5, 3, p) + 0.05 * clinical[["age"]].to_numpy()
    X[centre == "b"] += random.normal(1, 0.5, p)
    X[centre == "c"] *= 1.7
    index = pd.Index([f"case{i}" for i in range(n)], name="case_id")
    frame = pd.DataFrame(X, index, [f"f{j}" for j in range(p)])
    return frame, pd.Series(centre, index), clinical.set_index(index)


def written_out(
    X: np.ndarray, centre: np.ndarray, covariates: np.ndarray, reference: str | None = None
) -> np.ndarray:
    """ComBat feature by feature, as Johnson et al. (2007) describe it."""
    names = sorted(set(centre))
    design = np.column_stack([*(centre == c for c in names), covariates]).astype(float)
    chosen = np.ones(len(X), bool) if reference is None else centre == reference
    z, stand, sigma = np.zeros_like(X), np.zeros_like(X), np.zeros(X.shape[1])
    for g in range(X.shape[1]):
        coefficient = np.linalg.solve(design.T @ design, design.T @ X[:, g])
        weights = np.array([np.mean(centre[chosen] == c) for c in names])
        alpha = weights @ coefficient[: len(names)]
        residual = X[:, g] - design @ coefficient
        sigma[g] = np.sqrt(np.mean(residual[chosen] ** 2))
        stand[:, g] = alpha + covariates @ coefficient[len(names) :]
        z[:, g] = (X[:, g] - stand[:, g]) / sigma[g]
    result = X.copy()
    for name in names:
        if name == reference:
            continue
        rows = centre == name
        n, gamma_hat, delta_hat = rows.sum(), z[rows].mean(axis=0), z[rows].var(axis=0, ddof=1)
        gamma_bar, tau2 = gamma_hat.mean(), gamma_hat.var(ddof=1)
        m, s2 = delta_hat.mean(), delta_hat.var(ddof=1)
        a, b = (2 * s2 + m**2) / s2, (m * s2 + m**3) / s2
        for g in range(X.shape[1]):
            gamma, delta = gamma_hat[g], delta_hat[g]
            for _ in range(500):
                gamma = (n * tau2 * gamma_hat[g] + delta * gamma_bar) / (n * tau2 + delta)
                squares = ((z[rows, g] - gamma) ** 2).sum()
                delta = (b + squares / 2) / (n / 2 + a - 1)
            gamma = (n * tau2 * gamma_hat[g] + delta * gamma_bar) / (n * tau2 + delta)
            scaled = (z[rows, g] - gamma) / np.sqrt(delta)
            result[rows, g] = scaled * sigma[g] + stand[rows, g]
    return result


@pytest.mark.parametrize("reference", [None, "b"])
@pytest.mark.parametrize("with_covariates", [False, True])
def test_values_equal_the_formulas_written_out(
    reference: str | None, with_covariates: bool
) -> None:
    X, centre, clinical = data()
    given = clinical if with_covariates else None
    numbers = np.zeros((len(X), 0))
    if with_covariates:
        numbers = np.column_stack([clinical["age"], clinical["sex"] == "m"]).astype(float)
    result = ComBat(reference).fit(X, centre, given).transform(X, centre, given)
    expected = written_out(X.to_numpy(), centre.to_numpy(), numbers, reference)
    np.testing.assert_allclose(result, expected, atol=1e-7)
    assert result.index.equals(X.index)
    assert list(result) == list(X)


# neuroCombat 0.2.12 (numpy 1.26), which stops iterating at a change of 1e-4:
# neuroCombat(X.T, covars, "c", **settings)["data"].T, rows 0, 1, 2 and 23, columns 0, 3 and 5.
PUBLISHED = {
    "plain": [
        [0.701123, 2.450923, 5.103654],
        [1.195295, 1.670342, 4.711643],
        [-0.101371, 3.632468, 4.917422],
        [1.10071, 3.66852, 4.108841],
    ],
    "covariates": [
        [0.678939, 2.501821, 5.117442],
        [1.196553, 1.671029, 4.688259],
        [-0.084764, 3.662508, 4.98623],
        [1.156733, 3.68844, 4.100472],
    ],
    "reference": [
        [0.800337, 2.755301, 5.079494],
        [1.4124, 1.669997, 4.777203],
        [0.029757, 3.947309, 5.032624],
        [1.251404, 3.988503, 4.082818],
    ],
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_values_equal_the_published_package(kind: str) -> None:
    i, j = np.arange(24)[:, None], np.arange(6)[None, :]
    values = np.sin(1.7 * i + 0.9 * j * i) + j + np.where(i % 3 == 0, 0.8 * np.cos(j), 0)
    values = values + np.where(i % 3 == 1, 0.5 * np.sin(i * j + 1), 0)
    X = pd.DataFrame(values, columns=[f"f{c}" for c in range(6)])
    centre = np.array(["a", "b", "c"])[np.arange(24) % 3]
    sex = (np.arange(24) // 2 % 2).astype(str)
    covariates = pd.DataFrame({"age": 50 + 10 * np.sin(np.arange(24.0)), "sex": sex})
    given = covariates if kind == "covariates" else None
    model = ComBat("b" if kind == "reference" else None).fit(X, centre, given)
    result = model.transform(X, centre, given).to_numpy()
    np.testing.assert_allclose(result[[0, 1, 2, 23]][:, [0, 3, 5]], PUBLISHED[kind], atol=2e-4)


def test_the_reference_centre_stays_as_it_is() -> None:
    X, centre, _ = data()
    result = ComBat("b").fit(X, centre).transform(X, centre)
    pd.testing.assert_frame_equal(result[centre == "b"], X[centre == "b"])


def test_centres_agree_after_harmonisation() -> None:
    X, centre, _ = data(300, 40)
    result = ComBat().fit(X, centre).transform(X, centre)
    before = X.groupby(centre.to_numpy()).mean().std().mean()
    assert result.groupby(centre.to_numpy()).mean().std().mean() < before / 5
    spread = result.groupby(centre.to_numpy()).std()
    assert (spread.loc["c"] / spread.loc["a"]).mean() == pytest.approx(1, abs=0.1)


def test_nothing_is_learnt_from_rows_that_are_only_transformed() -> None:
    X, centre, _ = data()
    model = ComBat().fit(X, centre)
    more = pd.concat([X.iloc[:5], X.iloc[40:45] + 100])
    centres = pd.concat([centre.iloc[:5], centre.iloc[40:45]])
    together = model.transform(more, centres)
    pd.testing.assert_frame_equal(together.iloc[:5], model.transform(X, centre).iloc[:5])


def test_without_covariates_a_case_counts_as_an_average_one() -> None:
    X, centre, clinical = data()
    model = ComBat().fit(X, centre, clinical[["age"]])
    mean = pd.DataFrame({"age": np.full(len(X), clinical["age"].mean())})
    pd.testing.assert_frame_equal(
        model.transform(X, centre), model.transform(X, centre, mean), atol=1e-12
    )
    holes = clinical[["age"]].copy()
    holes.iloc[3] = np.nan
    pd.testing.assert_series_equal(
        model.transform(X, centre, holes).iloc[3], model.transform(X, centre).iloc[3]
    )


def test_state_survives_json_and_a_subset_gives_the_same_values() -> None:
    X, centre, clinical = data()
    model = ComBat("a").fit(X, centre, clinical)
    back = ComBat.from_dict(json.loads(json.dumps(model.to_dict())))
    expected = model.transform(X, centre, clinical)
    pd.testing.assert_frame_equal(back.transform(X, centre, clinical), expected)
    part = model.subset(["f5", "f2"])
    pd.testing.assert_frame_equal(
        part.transform(X[["f2", "f5"]], centre, clinical), expected[["f5", "f2"]]
    )
    again = ComBat.from_dict(json.loads(json.dumps(part.to_dict())))
    pd.testing.assert_frame_equal(again.transform(X, centre), part.transform(X, centre))
    with pytest.raises(DlrError, match="was not fitted on the feature 'f99'"):
        model.subset(["f99"])


def test_policies_for_a_centre_that_did_not_train() -> None:
    X, centre, _ = data(200, 20)
    seen = (centre != "c").to_numpy()
    model = ComBat().fit(X[seen], centre[seen])
    new, names = X[~seen], centre[~seen]
    with pytest.raises(DlrError, match=r"'c' is not among the training centres \(a, b\)"):
        model.transform(new, names)
    pd.testing.assert_frame_equal(model.transform(new, names, policy="skip"), new)
    assert model.unseen(names) == ("c",)
    assert model.unseen(centre[seen]) == ()
    brought = model.transform(new, names, policy="reference")
    training = model.transform(X[seen], centre[seen])
    gap = ((brought.mean() - training.mean()) / training.std()).abs().mean()
    raw = ((new.mean() - training.mean()) / training.std()).abs().mean()
    assert gap < 0.1 < raw
    assert (brought.std() / training.std()).mean() == pytest.approx(1, abs=0.1)
    with pytest.raises(
        DlrError, match=f"has 9 cases, but its shift needs at least {MINIMUM_UNSEEN}"
    ):
        model.transform(new.iloc[:9], names.iloc[:9], policy="reference")
    with pytest.raises(DlrError, match="policy must be one of"):
        model.transform(new, names, policy="guess")


def test_training_cases_do_not_change_when_a_new_centre_comes_with_them() -> None:
    X, centre, _ = data(200, 20)
    seen = (centre != "c").to_numpy()
    model = ComBat().fit(X[seen], centre[seen])
    both = model.transform(X, centre, policy="reference")
    pd.testing.assert_frame_equal(both[seen], model.transform(X[seen], centre[seen]))


def test_the_outcome_is_refused_as_a_covariate() -> None:
    X, centre, clinical = data()
    outcome = pd.Series(np.arange(len(X)) % 2, X.index, name="surgery")
    named = clinical.assign(surgery=np.arange(len(X)))
    with pytest.raises(DlrError, match="covariate 'surgery' is the outcome"):
        ComBat().fit(X, centre, named, outcome)
    mirrored = clinical.assign(treatment=np.where(outcome == 1, "operated", "not"))
    with pytest.raises(DlrError, match="covariate 'treatment' is the outcome"):
        ComBat().fit(X, centre, mirrored, outcome)
    ComBat().fit(X, centre, clinical, outcome)


def test_a_centre_of_one_case_is_shifted_only() -> None:
    X, centre, _ = data()
    X, centre = X.iloc[:51], centre.iloc[:51]
    assert (centre == "c").sum() == 1
    model = ComBat().fit(X, centre)
    np.testing.assert_array_equal(model.delta_.loc["c"], 1.0)
    assert np.isfinite(model.transform(X, centre).to_numpy()).all()


def test_flat_features_take_the_common_mean() -> None:
    X, centre, _ = data()
    X["flat"] = 0.1
    X["label"] = centre.map({"a": 0.3, "b": -7.1, "c": 2.2})
    model = ComBat().fit(X, centre)
    result = model.transform(X, centre)
    assert model.constant_ == ("flat", "label")
    np.testing.assert_array_equal(result["flat"], 0.1)
    assert result["label"].nunique() == 1
    others = ComBat().fit(X[["f0", "f1", "f2"]], centre).transform(X, centre)
    kept = ComBat().fit(X[["f0", "f1", "f2", "flat"]], centre).transform(X, centre)
    pd.testing.assert_frame_equal(kept[["f0", "f1", "f2"]], others)


def test_missing_values_stay_missing_and_spoil_nothing_else() -> None:
    X, centre, _ = data()
    whole = ComBat().fit(X, centre).transform(X, centre)
    X.iloc[4, 2] = np.nan
    X.loc[centre == "c", "f6"] = np.nan
    model = ComBat().fit(X, centre)
    result = model.transform(X, centre)
    pd.testing.assert_frame_equal(result.isna(), X.isna())
    assert (result["f0"] - whole["f0"]).abs().max() < 0.5
    # The centre without values of f6 has the shift of its other features, not none.
    others = model.gamma_.loc["c"].drop("f6")
    assert others.min() < model.gamma_.loc["c", "f6"] < others.max()


def test_a_single_feature_is_harmonised_without_shrinkage() -> None:
    X, centre, _ = data()
    result = ComBat().fit(X[["f0"]], centre).transform(X, centre)["f0"]
    means, spreads = (getattr(result.groupby(centre), what)() for what in ("mean", "std"))
    np.testing.assert_allclose(means, means.iloc[0])
    np.testing.assert_allclose(spreads, spreads.iloc[0])


def test_impossible_input_is_one_sentence() -> None:
    X, centre, clinical = data()
    with pytest.raises(DlrError, match="needs at least two centres"):
        ComBat().fit(X, np.full(len(X), "a"))
    with pytest.raises(DlrError, match="the reference centre 'z' has no training case"):
        ComBat("z").fit(X, centre)
    with pytest.raises(DlrError, match="cannot be told from the centres"):
        ComBat().fit(X, centre, pd.DataFrame({"scanner": centre}))
    with pytest.raises(DlrError, match="the centre of 1 of 60 cases is missing"):
        ComBat().fit(X, centre.where(centre.index != "case3"))
    with pytest.raises(DlrError, match="60 cases but 3 centres"):
        ComBat().fit(X, ["a", "b", "c"])
    model = ComBat().fit(X, centre, clinical)
    with pytest.raises(DlrError, match="the feature 'f0', which is absent"):
        model.transform(X.drop(columns="f0"), centre)
    with pytest.raises(DlrError, match="the covariate 'age', which is absent"):
        model.transform(X, centre, clinical[["sex"]])


def test_the_scatter_shows_less_between_centres_after_harmonisation() -> None:
    X, centre, _ = data(120, 10)
    scatter = centre_scatter(X, ComBat().fit(X, centre).transform(X, centre), centre)
    assert scatter.between["after"] < 0.03 < scatter.between["before"]
    table = scatter.to_frame()
    assert list(table) == ["case_id", "stage", "centre", "pc1", "pc2"]
    assert len(table) == 240
    before = table[table["stage"] == "before"]
    assert before["pc1"].mean() == pytest.approx(0, abs=1e-12)
    assert before["pc1"].var() > before["pc2"].var()
    assert 0 < scatter.explained[1] < scatter.explained[0] < 1
    with pytest.raises(DlrError, match="must be the same"):
        centre_scatter(X, X[["f0"]], centre)
    with pytest.raises(DlrError, match="two features that vary"):
        centre_scatter(X[["f0"]], X[["f0"]], centre)
