"""Models to and from the real libraries: XGBoost, LightGBM, scikit-learn, ONNX Runtime.

    models.py BINARY FOLDER

Import: each library trains small models of all kinds and predicts rows with missing values; `models score` must say the
same. Numbers that 32 bits do not hold, categories by name, early stopping, and graphs of scikit-learn's pipelines are among
them. Export: our translations must make XGBoost and ONNX Runtime say what `models score` says.
"""

import csv
import subprocess
import sys
import warnings

import lightgbm
import numpy
import onnx
import onnxruntime
import pandas
import skl2onnx
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

onnxruntime.set_default_logger_severity(4)

warnings.filterwarnings("ignore")
binary, folder = sys.argv[1:]
checks = 0
failures = []


def make(rows, missing, seed):
    """Eight features: reals, counts with zeros, a category; about one value in ten is missing."""
    r = numpy.random.default_rng(seed)
    x = r.normal(size=(rows, 8)).astype(numpy.float32)
    x[:, 4] = r.poisson(1.0, rows)
    x[:, 5] = numpy.round(x[:, 5])
    x[:, 6] = r.integers(0, 40, rows)
    x[:, 7] = numpy.where(r.random(rows) < 0.5, 0, x[:, 7])
    score = x[:, 0] + numpy.where(x[:, 1] > 0, x[:, 2], -x[:, 2]) + x[:, 4] - (x[:, 6] % 7 == 3) * 2 + x[:, 7]
    if missing:
        hole = r.random(x.shape) < 0.1
        score = score + 2 * hole[:, 0]
        x[hole] = numpy.nan
    return x, score + r.normal(size=rows) * 0.3


def write_rows(name, x):
    with open(f"{folder}/{name}", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow([f"f{i}" for i in range(x.shape[1])])
        out.writerows([["" if numpy.isnan(v) else repr(float(v)) for v in row] for row in x])


def scored(model, rows, *options):
    run = subprocess.run([binary, "models", "score", model, rows, *options], cwd=folder, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr)
    lines = run.stdout.splitlines()
    return numpy.array([[float(v) for v in line.split(",")] for line in lines[1:]])


def compare(what, found, wanted, tolerance=1e-6):
    global checks
    checks += 1
    wanted_is_single = numpy.asarray(wanted).dtype == numpy.float32
    wanted = numpy.asarray(wanted, dtype=numpy.float64).reshape(found.shape[0], -1)
    if found.shape != wanted.shape:
        failures.append(f"{what}: shape {found.shape}, not {wanted.shape}")
        return
    if tolerance == 0 and wanted_is_single:
        found = found.astype(numpy.float32)
    difference = numpy.max(numpy.abs(found - wanted) / numpy.maximum(1, numpy.abs(wanted)))
    if not difference <= tolerance:
        failures.append(f"{what}: differs by {difference}")


def refused(what, arguments, words):
    global checks
    checks += 1
    run = subprocess.run([binary, "models", *arguments], cwd=folder, capture_output=True, text=True)
    if run.returncode != 3 or words not in run.stderr:
        failures.append(f"{what}: not refused, or not because of \"{words}\": {run.returncode} {run.stderr}")


def exported(name, model, rows, x, formats, xgboost_tolerance=2e-6):
    """Writes our translation and lets the real library predict the same rows."""
    ours = scored(model, rows)
    for kind in formats:
        target = f"{name}.export.{'json' if kind == 'xgboost' else 'onnx'}"
        subprocess.run(
            [binary, "models", "export", model, "--format", kind, "-o", target], cwd=folder, check=True, capture_output=True
        )
        if kind == "xgboost":
            booster = xgboost.Booster(model_file=f"{folder}/{target}")
            data = xgboost.DMatrix(
                x, feature_names=booster.feature_names, feature_types=booster.feature_types, enable_categorical=True
            )
            theirs = booster.predict(data).reshape(len(x), -1)
            if ours.shape[1] == 1 and theirs.shape[1] == 2:
                theirs = theirs[:, 1:]
        else:
            session = onnxruntime.InferenceSession(f"{folder}/{target}", providers=["CPUExecutionProvider"])
            theirs = session.run(None, {"X": x})[-1]
            if ours.shape[1] == 1 and theirs.shape[1] == 2:
                theirs = theirs[:, 1:]
        compare(f"{name} exported to {kind}", ours, theirs, xgboost_tolerance)
        # And back again.
        compare(f"{name} exported to {kind} and read again", scored(target, rows)[:, -ours.shape[1] :], ours, 2e-6)


xt, st = make(3000, True, 1)
xs, _ = make(400, True, 2)
xs[0, :] = numpy.nan
xs[1, :] = 0
write_rows("rows.csv", xs)
yb = (st > 0.5).astype(int)
ym = numpy.digitize(st, [-1, 0.5, 2])
yp = numpy.clip(numpy.round(numpy.exp(numpy.clip(st, -3, 3) / 2)), 0, 50) + 0.0

# XGBoost ------------------------------------------------------------------------------------------------------------
base = dict(max_depth=5, eta=0.3, seed=1, nthread=2, verbosity=0)
jobs = {
    "logistic": (dict(objective="binary:logistic"), yb),
    "base": (dict(objective="binary:logistic", base_score=0.03), yb),
    "logitraw": (dict(objective="binary:logitraw"), yb),
    "squared": (dict(objective="reg:squarederror"), st),
    "pseudohuber": (dict(objective="reg:pseudohubererror"), st),
    "absolute": (dict(objective="reg:absoluteerror"), st),
    "reglogistic": (dict(objective="reg:logistic"), yb),
    "poisson": (dict(objective="count:poisson"), yp),
    "gamma": (dict(objective="reg:gamma"), yp + 0.1),
    "tweedie": (dict(objective="reg:tweedie"), yp),
    "softprob": (dict(objective="multi:softprob", num_class=4), ym),
    "two": (dict(objective="multi:softprob", num_class=2), yb),
    "forest": (dict(objective="binary:logistic", num_parallel_tree=8, subsample=0.6, colsample_bynode=0.6), yb),
    "dart": (dict(objective="binary:logistic", booster="dart", rate_drop=0.3), yb),
    "multitarget": (dict(objective="reg:squarederror"), numpy.stack([st, st * 2 - yb], 1)),
    "vectorleaf": (dict(objective="reg:squarederror", multi_strategy="multi_output_tree"), numpy.stack([st, yb], 1)),
    "categorical": (dict(objective="binary:logistic", max_cat_to_onehot=4), yb),
    "onehot": (dict(objective="binary:logistic", max_cat_to_onehot=100), yb),
}
for name, (parameters, y) in jobs.items():
    types = ["q"] * 8
    if name in ("categorical", "onehot"):
        types[6] = "c"
    names = [f"f{i}" for i in range(8)]
    train = xgboost.DMatrix(xt, y, feature_types=types, feature_names=names, enable_categorical=True)
    test = xgboost.DMatrix(xs, feature_types=types, feature_names=names, enable_categorical=True)
    booster = xgboost.train({**base, **parameters}, train, 12)
    wanted = booster.predict(test)
    margin = booster.predict(test, output_margin=True)
    for ending in ("json", "ubj"):
        file = f"xgb_{name}.{ending}"
        booster.save_model(f"{folder}/{file}")
        compare(file, scored(file, "rows.csv"), wanted)
        exact = 1e-6 if name == "dart" else 0
        compare(file + " margin", scored(file, "rows.csv", "--margin"), margin, exact)
    kinds = ["xgboost"] if name in ("categorical", "onehot") else ["xgboost", "onnx"]
    exported(f"xgb_{name}", f"xgb_{name}.json", "rows.csv", xs, kinds)

train = xgboost.DMatrix(xt, yb)
xgboost.train({**base, "objective": "binary:hinge"}, train, 2).save_model(f"{folder}/hinge.json")
refused("hinge", ["check", "hinge.json"], "binary:hinge")
xgboost.train({**base, "booster": "gblinear"}, xgboost.DMatrix(numpy.nan_to_num(xt), yb), 2).save_model(f"{folder}/linear.json")
refused("gblinear", ["check", "linear.json"], "gblinear")

# LightGBM -----------------------------------------------------------------------------------------------------------
base = dict(num_leaves=15, learning_rate=0.2, seed=1, num_threads=2, verbosity=-1, deterministic=True)
jobs = {
    "binary": (dict(objective="binary"), yb),
    "sigmoid": (dict(objective="binary", sigmoid=0.7), yb),
    "zero": (dict(objective="binary", zero_as_missing=True), yb),
    "nomissing": (dict(objective="binary", use_missing=False), yb),
    "l1": (dict(objective="regression_l1"), st),
    "regression": (dict(objective="regression"), st),
    "poisson": (dict(objective="poisson"), yp),
    "gamma": (dict(objective="gamma"), yp + 0.1),
    "tweedie": (dict(objective="tweedie"), yp),
    "entropy": (dict(objective="cross_entropy"), yb),
    "multiclass": (dict(objective="multiclass", num_class=4), ym),
    "two": (dict(objective="multiclass", num_class=2), yb),
    "ova": (dict(objective="multiclassova", num_class=4), ym),
    "ova2": (dict(objective="multiclassova", num_class=2), yb),
    "rf": (dict(objective="binary", boosting="rf", bagging_fraction=0.6, bagging_freq=1), yb),
    "dart": (dict(objective="binary", boosting="dart"), yb),
    "categorical": (dict(objective="binary", categorical_feature=[6], min_data_per_group=5, cat_smooth=1), yb),
    "onehot": (dict(objective="binary", categorical_feature=[6], max_cat_to_onehot=100), yb),
}
for name, (parameters, y) in jobs.items():
    names = [f"f{i}" for i in range(8)]
    data = lightgbm.Dataset(xt, y, feature_name=names)
    booster = lightgbm.train({**base, **parameters}, data, 12)
    file = f"lgb_{name}.txt"
    booster.save_model(f"{folder}/{file}")
    # Infinite values and numbers near zero, which thresholds at zero could take for zero.
    edge = xs.copy()
    edge[2, :] = numpy.inf
    edge[3, :] = -numpy.inf
    for row, value in enumerate([1e-35, -1e-35, 1e-36, -1e-36, 2e-35, -2e-35, -0.0]):
        edge[4 + row, :6] = value
        edge[4 + row, 7] = value
    edge[:, 6] = numpy.where(numpy.isinf(edge[:, 6]), numpy.nan, edge[:, 6])
    write_rows("edge.csv", edge)
    compare(file, scored(file, "edge.csv"), booster.predict(edge.astype(numpy.float64)), 1e-15)
    raw = booster.predict(edge.astype(numpy.float64), raw_score=True)
    if name != "rf":
        compare(file + " margin", scored(file, "edge.csv", "--margin"), raw, 0)
    if name in ("zero", "categorical", "onehot"):
        continue
    exported(f"lgb_{name}", file, "rows.csv", xs, ["xgboost", "onnx"])
refused("zero as missing", ["export", "lgb_zero.txt", "--format", "onnx", "-o", "x.onnx"], "zero as missing")
lightgbm.train({**base, "objective": "regression", "linear_tree": True}, lightgbm.Dataset(xt, st), 3).save_model(
    f"{folder}/linear.txt"
)
refused("linear trees", ["check", "linear.txt"], "linear")

# scikit-learn, through ONNX -----------------------------------------------------------------------------------------
xt, st = make(2000, False, 3)
xs, _ = make(300, False, 4)
write_rows("full.csv", xs)
yb = (st > 0.5).astype(int)
ym = numpy.digitize(st, [-1, 0.5, 2])
jobs = {
    "rf": (RandomForestClassifier(10, max_depth=8, random_state=1), ym),
    "rf2": (RandomForestClassifier(10, max_depth=8, random_state=1), yb),
    "rfdeep": (RandomForestClassifier(5, random_state=1), yb),
    "et": (ExtraTreesClassifier(10, max_depth=8, random_state=1), ym),
    "rfr": (RandomForestRegressor(10, max_depth=8, random_state=1), st),
    "gbc": (GradientBoostingClassifier(n_estimators=20, random_state=1), yb),
    "gbcm": (GradientBoostingClassifier(n_estimators=8, random_state=1), ym),
    "gbr": (GradientBoostingRegressor(n_estimators=20, random_state=1), st),
    "texts": (RandomForestClassifier(6, max_depth=5, random_state=1), numpy.array(["no", "yes"])[yb]),
}
for name, (model, y) in jobs.items():
    model.fit(xt, y)
    options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
    converted = skl2onnx.to_onnx(model, xs[:1], options=options)
    file = f"skl_{name}.onnx"
    with open(f"{folder}/{file}", "wb") as out:
        out.write(converted.SerializeToString())
    wanted = model.predict_proba(xs) if hasattr(model, "predict_proba") else model.predict(xs)
    found = scored(file, "full.csv")
    if found.shape[1] == 1 and hasattr(model, "predict_proba"):
        wanted = wanted[:, 1]
    session = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {session.get_inputs()[0].name: xs})[-1]
    if found.shape[1] == 1 and theirs.reshape(len(xs), -1).shape[1] == 2:
        theirs = theirs[:, 1]
    compare(file + " beside ONNX Runtime", found, theirs, 1e-6)
    compare(file, found, wanted, 1e-6)
    exported(f"skl_{name}", file, "full.csv", xs, ["xgboost", "onnx"])

# ONNX's newest operator, made by hand: every mode, sets, targets, a tree that is a leaf alone -----------------------------
rows = numpy.array([[v, w] for v in (-1, 0, 2, 3, 5, numpy.nan) for w in (0.25, 0.5, 1, numpy.nan)], dtype=numpy.float32)
write_rows("five.csv", rows)
for mode in range(6):
    for tracks in (0, 1):
        for aggregate in (0, 1):
            tensor = lambda name, kind, values: onnx.helper.make_tensor(name, kind, [len(values)], values)
            single, byte = onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8
            node = onnx.helper.make_node(
                "TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=2, aggregate_function=aggregate,
                post_transform=0, tree_roots=[0, 2], nodes_featureids=[0, 1, 0], nodes_modes=tensor("m", byte, [6, mode, 0]),
                nodes_splits=tensor("s", single, [0.0, 0.5, 0.0]), nodes_truenodeids=[0, 1, 3], nodes_trueleafs=[1, 1, 1],
                nodes_falsenodeids=[1, 2, 3], nodes_falseleafs=[0, 1, 1], nodes_missing_value_tracks_true=[tracks, tracks, 0],
                leaf_targetids=[0, 1, 1, 0], leaf_weights=tensor("w", single, [1.0, 10.0, 20.0, 100.0]),
                membership_values=tensor("v", single, [2.0, 5.0]),
            )
            value = lambda name, width: onnx.helper.make_tensor_value_info(name, single, [None, width])
            graph = onnx.helper.make_graph([node], "g", [value("X", 2)], [value("Y", 2)])
            opsets = [onnx.helper.make_opsetid("", 21), onnx.helper.make_opsetid("ai.onnx.ml", 5)]
            model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
            with open(f"{folder}/five.onnx", "wb") as out:
                out.write(model.SerializeToString())
            session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
            what = f"TreeEnsemble mode {mode}, missing {tracks}, aggregate {aggregate}"
            compare(what, scored("five.onnx", "five.csv"), session.run(None, {"X": rows})[0], 0)

# 64 bits: numbers beside each threshold, and more of them than 32 bits tell apart --------------------------------------------
r = numpy.random.default_rng(7)
wide = numpy.stack(
    [500_000_000 + r.integers(-60, 60, 3000), 1.7e9 + numpy.round(r.random(3000) * 400, 3), r.normal(size=3000)], 1
).astype(numpy.float64)
wide_y = ((wide[:, 0] < 5e8) & (wide[:, 1] % 7 < 4) | (wide[:, 2] > 1.5)).astype(int)
rows = wide[:600].copy()
rows[::9, 1] = numpy.nan
for name, parameters in {"gbdt": {}, "rf": dict(boosting="rf", bagging_fraction=0.6, bagging_freq=1), "dart": dict(boosting="dart")}.items():
    settings = dict(objective="binary", num_leaves=31, min_data_in_leaf=2, verbosity=-1, num_threads=2, seed=3, **parameters)
    booster = lightgbm.train(settings, lightgbm.Dataset(wide, wide_y, feature_name=["a", "b", "c"]), 40)
    booster.save_model(f"{folder}/wide_{name}.txt")
    edges = rows.copy()
    thresholds = [
        (node["split_feature"], node["threshold"])
        for tree in booster.dump_model()["tree_info"]
        for node in [tree["tree_structure"]]
        if "threshold" in node
    ]
    for row, (feature, threshold) in enumerate(thresholds[:150]):
        edges[4 * row : 4 * row + 4, feature] = [
            threshold, numpy.nextafter(threshold, numpy.inf), numpy.nextafter(threshold, -numpy.inf), numpy.float32(threshold)
        ]
    with open(f"{folder}/wide.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["a", "b", "c"])
        out.writerows([["" if numpy.isnan(v) else repr(float(v)) for v in row] for row in edges])
    file = f"wide_{name}.txt"
    compare(f"{file} in 64 bits", scored(file, "wide.csv"), booster.predict(edges), 1e-15)
    if name != "rf":
        compare(f"{file} margins in 64 bits", scored(file, "wide.csv", "--margin"), booster.predict(edges, raw_score=True), 0)
    subprocess.run([binary, "models", "import", file, "--name", f"wide_{name}"], cwd=folder, check=True, capture_output=True)
    compare(f"{file} as ours", scored(f"models/wide_{name}", "wide.csv"), booster.predict(edges), 1e-15)
    said = subprocess.run(
        [binary, "models", "export", file, "--format", "onnx", "-o", f"wide_{name}.onnx"], cwd=folder, capture_output=True, text=True
    ).stderr
    checks += 1
    if "64 bits" not in said:
        failures.append(f"{file}: the export does not say what 32 bits lose: {said}")

# Categories by name -----------------------------------------------------------------------------------------------------------
count = 2000
frame = pandas.DataFrame(
    {
        "amount": r.lognormal(3, 1, count).round(2),
        "country": pandas.Categorical(r.choice(["US", "DE", "KY", "Côte d'Ivoire, CI"], count)),
        "mcc": pandas.Categorical(r.choice([5411, 742, 5999, 6011], count)),
        "const": pandas.Categorical(["x"] * count),
        "level": pandas.Categorical(r.choice(["lo", "mid", "hi"], count), categories=["lo", "mid", "hi"], ordered=True),
        "n": r.integers(0, 20, count),
    }
)
named_y = ((frame.amount > 30) & frame.country.isin(["KY", "US"]) & frame.mcc.isin([742, 6011]) | (frame.level == "hi")).astype(int)
test = frame.iloc[:150].copy()
test["country"] = test.country.cat.add_categories(["FR"])
test.loc[test.index[:5], "country"] = "FR"
test.loc[test.index[5:9], "country"] = numpy.nan
light = lightgbm.LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=2, min_child_samples=5).fit(frame, named_y)
light.booster_.save_model(f"{folder}/named.txt")
test.to_csv(f"{folder}/named.csv", index=False)
compare("LightGBM's categories by name", scored("named.txt", "named.csv"), light.predict_proba(test)[:, 1], 1e-12)
# XGBoost cuts names beyond ASCII at the wrong places.
frame["country"] = frame.country.cat.rename_categories({"Côte d'Ivoire, CI": "Ivory Coast, CI"})
extreme = xgboost.XGBClassifier(n_estimators=20, max_depth=4, enable_categorical=True, n_jobs=2).fit(frame, named_y)
test = frame.iloc[:150].copy()
test.loc[test.index[5:9], "country"] = numpy.nan
test.to_csv(f"{folder}/named.csv", index=False)
for ending in ("json", "ubj"):
    extreme.save_model(f"{folder}/named.{ending}")
    compare(f"XGBoost's categories by name, {ending}", scored(f"named.{ending}", "named.csv"), extreme.predict_proba(test)[:, 1])

# Early stopping, and the class --------------------------------------------------------------------------------------------------
stopped = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=3, learning_rate=0.8, max_depth=6, n_jobs=2)
stopped.fit(xt[:600], yb[:600], eval_set=[(xt[600:], yb[600:])], verbose=False)
stopped.save_model(f"{folder}/stopped.json")
compare("best iteration", scored("stopped.json", "full.csv", "--best-iteration"), stopped.predict_proba(xs)[:, 1])
booster = stopped.get_booster()
wanted = booster.predict(xgboost.DMatrix(xs), iteration_range=(0, booster.num_boosted_rounds()))
compare("all iterations", scored("stopped.json", "full.csv"), wanted)
stopped = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2, learning_rate=0.9, num_parallel_tree=3, n_jobs=2)
stopped.fit(xt[:600], ym[:600], eval_set=[(xt[600:], ym[600:])], verbose=False)
stopped.save_model(f"{folder}/stopped3.ubj")
compare("best iteration of classes", scored("stopped3.ubj", "full.csv", "--best-iteration"), stopped.predict_proba(xs))
softmax = xgboost.train({"objective": "multi:softmax", "num_class": 4, "max_depth": 4}, xgboost.DMatrix(xt, ym), 8)
softmax.save_model(f"{folder}/softmax.json")
compare("multi:softmax", scored("softmax.json", "full.csv"), softmax.predict(xgboost.DMatrix(xs)), 0)

# Graphs of scikit-learn's pipelines ----------------------------------------------------------------------------------------------
few = lambda **options: RandomForestClassifier(4, max_depth=5, random_state=0, **options)
jobs = {
    "impute": (make_pipeline(SimpleImputer(), few()), yb), "standard": (make_pipeline(StandardScaler(), few()), ym),
    "minmax": (make_pipeline(MinMaxScaler(), few()), yb), "robust": (make_pipeline(RobustScaler(), few()), yb),
    "maxabs": (make_pipeline(MaxAbsScaler(), few()), yb), "l2": (make_pipeline(Normalizer(), few()), yb),
    "l1": (make_pipeline(Normalizer("l1"), few()), yb), "binarizer": (make_pipeline(Binarizer(), few()), yb),
    "polynomial": (make_pipeline(PolynomialFeatures(2), few()), yb), "best": (make_pipeline(SelectKBest(k=3), few()), yb),
    "sigmoid": (CalibratedClassifierCV(few(), cv=2), yb), "isotonic": (CalibratedClassifierCV(few(), cv=2, method="isotonic"), yb),
    "calibrated": (CalibratedClassifierCV(few(), cv=2), ym), "bagging": (BaggingClassifier(n_estimators=3, random_state=0), yb),
    "baggedcolumns": (BaggingClassifier(n_estimators=3, max_features=4, random_state=0), ym),
    "baggedvalues": (BaggingRegressor(n_estimators=3, random_state=0), st), "ada": (AdaBoostClassifier(n_estimators=4, random_state=0), yb),
    "adaclasses": (AdaBoostClassifier(n_estimators=4, random_state=0), ym), "adavalues": (AdaBoostRegressor(n_estimators=4, random_state=0), st),
    "voting": (VotingClassifier([("a", few()), ("b", ExtraTreesClassifier(5, random_state=0))], voting="soft", flatten_transform=False), ym),
    "votes": (VotingRegressor([("a", RandomForestRegressor(3, random_state=0)), ("b", DecisionTreeRegressor(random_state=0))]), st),
    "stacking": (StackingClassifier([("a", few()), ("b", DecisionTreeClassifier(max_depth=3))], final_estimator=few()), yb),
    "onevsrest": (OneVsRestClassifier(few()), ym), "exponential": (GradientBoostingClassifier(loss="exponential", n_estimators=5), yb),
    "isolation": (IsolationForest(n_estimators=6, random_state=0), None), "oneclass": (few(), numpy.zeros(len(xt), int)),
}
for name, (model, y) in jobs.items():
    model.fit(xt) if y is None else model.fit(xt, y)
    for kind in (numpy.float32, numpy.float64):
        what = f"pipeline {name} {kind.__name__}"
        options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
        try:
            converted = skl2onnx.to_onnx(model, xs[:1].astype(kind), options=options, target_opset={"": 18, "ai.onnx.ml": 3})
        except Exception as error:
            # What the converter does not know is not ours to read.
            if kind == numpy.float32:
                failures.append(f"{what}: skl2onnx: {error}"[:300])
            continue
        file = f"pipe_{name}_{kind.__name__}.onnx"
        with open(f"{folder}/{file}", "wb") as out:
            out.write(converted.SerializeToString())
        try:
            found = scored(file, "full.csv")
        except RuntimeError as error:
            checks += 1
            failures.append(f"{what}: {error}")
            continue
        try:
            session = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
            wanted = session.run(None, {session.get_inputs()[0].name: xs.astype(kind)})[-1]
        except Exception:
            # It refuses many graphs of 64 bits for their types; the converter's isotonic curve is not scikit-learn's there.
            if name == "isotonic":
                continue
            wanted = model.predict_proba(xs) if hasattr(model, "predict_proba") else model.decision_function(xs) if y is None else model.predict(xs)
        wanted = numpy.asarray(wanted, dtype=numpy.float64).reshape(len(xs), -1)
        if found.shape[1] == 1 and wanted.shape[1] == 2:
            wanted = wanted[:, 1:]
        compare(what, found, wanted, 2e-6 if kind == numpy.float32 else 1e-5)
        taken = subprocess.run([binary, "models", "import", file, "--name", f"p{name}"], cwd=folder, capture_output=True, text=True)
        if taken.returncode != 0:
            failures.append(f"{what}: not imported: {taken.stderr}")
        else:
            compare(what + " as ours", scored(f"models/p{name}", "full.csv"), found, 0)

# Columns of texts and numbers: each is an input by its name.
columns = pandas.DataFrame({"amount": xt[:, 0].astype(float), "n": xt[:, 4].astype(int), "country": r.choice(["US", "DE", "KY", "NG"], len(xt))})
yc = ((columns.amount > 0) & columns.country.isin(["KY", "NG"])).astype(int)
for name, transformer in {
    "onehot": ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), ["amount", "n"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["country"])]),
    "ordinal": ColumnTransformer([("n", StandardScaler(), ["amount"]), ("c", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["country"])], remainder="passthrough"),
}.items():
    model = make_pipeline(transformer, few()).fit(columns, yc)
    converted = skl2onnx.to_onnx(model, columns[:1], options={id(model): {"zipmap": False}})
    with open(f"{folder}/columns_{name}.onnx", "wb") as out:
        out.write(converted.SerializeToString())
    columns[["country", "n", "amount"]].head(200).to_csv(f"{folder}/columns.csv", index=False)
    compare(f"columns of texts, {name}", scored(f"columns_{name}.onnx", "columns.csv"), model.predict_proba(columns.head(200))[:, 1], 1e-5)

# What ONNX Runtime makes of a classifier's sums, by hand: every transform, of one score, two and three.
few_rows = numpy.array([[-1.0], [1.0]], dtype=numpy.float32)
with open(f"{folder}/sums.csv", "w") as file:
    file.write("f0\n-1\n1\n")
for classes, ids, weights in (
    (2, [(1, 0), (2, 0)], [0.2, 0.7]), (2, [(1, 0), (2, 0)], [-0.3, 1.5]), (2, [(1, 1), (2, 1)], [-0.3, 1.5]), (2, [(1, 1), (2, 1)], [0.2, 0.7]),
    (2, [(1, 0), (1, 1), (2, 0), (2, 1)], [0.2, 0.8, 0.7, 0.3]), (3, [(1, 0), (1, 1), (2, 0), (2, 2)], [0.2, 0.8, 0.7, 0.3]),
):
    for transform in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"):
        if transform == "PROBIT" and len(ids) == 2:
            continue
        node = onnx.helper.make_node(
            "TreeEnsembleClassifier", ["X"], ["L", "P"], domain="ai.onnx.ml", nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2],
            nodes_featureids=[0, 0, 0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[0.0, 0.0, 0.0],
            nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0], class_treeids=[0] * len(ids),
            class_nodeids=[node for node, _ in ids], class_ids=[one for _, one in ids], class_weights=weights,
            post_transform=transform, classlabels_int64s=list(range(classes)),
        )
        # An operation behind it makes it a graph.
        behind = onnx.helper.make_node("Add", ["P", "P"], ["Y"])
        value = lambda name, kind, shape: onnx.helper.make_tensor_value_info(name, kind, shape)
        graph = onnx.helper.make_graph(
            [node, behind], "g", [value("X", onnx.TensorProto.FLOAT, [None, 1])], [value("Y", onnx.TensorProto.FLOAT, None)]
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8)
        with open(f"{folder}/sums.onnx", "wb") as out:
            out.write(model.SerializeToString())
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        wanted = session.run(None, {"X": few_rows})[0]
        with numpy.errstate(all="ignore"):
            keep = numpy.isfinite(wanted)
        found = scored("sums.onnx", "sums.csv")
        compare(f"{classes} classes, {len(ids)} scores, {transform}", numpy.where(keep, found, 0), numpy.where(keep, wanted, 0).astype(numpy.float64), 2e-4 if transform == "PROBIT" else 1e-6)

for failure in failures:
    print("FAILED:", failure)
print(f"{checks} comparisons with the real libraries")
sys.exit(1 if failures else 0)
