"""IBM ART's and cleanlab's detectors on the sets and evidence of `testigo-audit poison-bench`.

    python -m venv VENV && VENV/bin/pip install -r requirements.txt
    VENV/bin/python poison_peers.py SETS OUT.json [VERIFIED.u8]

Cases that SETS does not hold stay in OUT.json as they are. With VERIFIED (one byte a row) only rows whose label is known to be
right can be false alarms, or flipped labels that count, as in poison-bench. SETS holds, for each CASE-SEED, the CSV and truth that `poison-bench --export SETS` writes and the CASE-SEED.ev that
`testigo-model evidence` writes. ART asks a classifier for the activations of its last hidden layer: here a classifier
answers with the evidence's embeddings, so its ActivationDefence and SpectralSignatureDefense run as they are shipped.
Their activations come from a network that was not trained on the poisoned set, as the other detectors' do; ART's own
setting, a network trained on the poison, is another experiment. cleanlab gets labels and out-of-fold probabilities.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import sklearn
from art.defences.detector.poison import ActivationDefence, SpectralSignatureDefense
from art.estimators.classification import ClassifierMixin
from art.estimators.estimator import BaseEstimator, NeuralNetworkMixin
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import roc_auc_score
import art
import cleanlab

CLASSES = 7
SEED = 1


def read_evidence(path):
    """docs/spec/evidence-file.md."""
    data = path.read_bytes()
    (length,) = struct.unpack("<I", data[20:24])
    header = json.loads(data[24 : 24 + length])
    payload = (24 + length + 7) // 8 * 8
    arrays = {}
    for name, entry in header["arrays"].items():
        dtype = {"f32": "<f4", "f16": "<f2", "u8": "u1", "u32": "<u4"}[entry["dtype"]]
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(data, dtype, count, payload + entry["offset"])
        arrays[name] = values.reshape(entry["shape"])
    return header, arrays


class EmbeddingClassifier(NeuralNetworkMixin, ClassifierMixin, BaseEstimator):
    """Knows each row by its index, and answers with what the evidence says of it."""

    def __init__(self, embeddings, probabilities):
        super().__init__(model=None, clip_values=None, channels_first=False)
        self._embeddings = embeddings
        self._probabilities = probabilities
        self._layer_names = ["embedding"]
        self._nb_classes = CLASSES

    def predict(self, x, **_):
        return self._probabilities[x[:, 0].astype(int)]

    def get_activations(self, x, layer, batch_size=128, framework=False):
        return self._embeddings[x[:, 0].astype(int)]

    def fit(self, *_, **__):
        raise NotImplementedError("nothing is trained here")

    def fit_generator(self, *_, **__):
        raise NotImplementedError("nothing is trained here")

    def compute_loss(self, *_, **__):
        raise NotImplementedError("nothing is trained here")

    @property
    def input_shape(self):
        return (1,)

    @property
    def channels_first(self):
        return False


def peer_scores(labels, evidence):
    """name -> one score a row, high is suspicious; a detector that only says yes or no gives 1 or 0."""
    probabilities = np.asarray(evidence["probabilities"], dtype=np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    embeddings = np.asarray(evidence["embeddings"], dtype=np.float32)
    classifier = EmbeddingClassifier(embeddings, probabilities)
    rows = np.arange(len(labels), dtype=np.float32)[:, None]
    one_hot = np.eye(CLASSES, dtype=np.float32)[labels]
    scores = {}
    np.random.seed(SEED)
    clustering = ActivationDefence(classifier, rows, one_hot)
    _, is_clean = clustering.detect_poison(nb_clusters=2, nb_dims=10, reduce="PCA")
    scores["art activation clustering"] = 1.0 - np.asarray(is_clean, dtype=np.float64)
    signature = SpectralSignatureDefense(
        classifier, rows, one_hot, expected_pp_poison=0.01, batch_size=128, eps_multiplier=1.5
    )
    _, kept = signature.detect_poison()
    scores["art spectral signatures, its choice"] = 1.0 - np.asarray(kept, dtype=np.float64)
    spectral = np.zeros(len(labels))
    for label in range(CLASSES):
        inside = labels == label
        if inside.any():
            spectral[inside] = SpectralSignatureDefense.spectral_signature_scores(embeddings[inside])[:, 0]
    scores["art spectral signatures, score"] = spectral
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        scores[f"cleanlab {method}"] = -get_label_quality_scores(labels, probabilities, method=method)
    for method in ("self_confidence", "normalized_margin"):
        quality = get_label_quality_scores(labels, probabilities, method=method, adjust_pred_probs=True)
        scores[f"cleanlab {method}, adjusted"] = -quality
    issues = find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    scores["cleanlab prune_by_noise_rate, its choice"] = issues.astype(np.float64)
    return scores


def wilson(hits, trials, z=1.959963984540054):
    share = hits / trials
    centre = share + z * z / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return {"hits": int(hits), "trials": int(trials), "share": share,
            "low": max(0.0, (centre - half) / scale), "high": min(1.0, (centre + half) / scale)}


def true_positives_at(scores, truth, rate):
    """Most poison above a threshold that at most `rate` of the clean rows pass; tied rows pass together."""
    best = 0
    clean, bad = np.sort(scores[truth == 0]), np.sort(scores[truth == 1])
    for threshold in np.unique(scores):
        alarms = len(clean) - np.searchsorted(clean, threshold)
        if alarms <= rate * len(clean):
            best = max(best, len(bad) - int(np.searchsorted(bad, threshold)))
    return best


def measure(scores, truth):
    order = np.argsort(-scores, kind="stable")[:100]
    poisoned = int(truth.sum())
    return {
        "areaUnderRoc": float(roc_auc_score(truth, scores)),
        "tprAt1": wilson(true_positives_at(scores, truth, 0.01), poisoned),
        "tprAt5": wilson(true_positives_at(scores, truth, 0.05), poisoned),
        "precisionAt100": wilson(truth[order].sum(), len(order)),
        "flaggedShareOfPoison": float((scores[truth == 1] > 0).mean()),
        "flaggedShareOfClean": float((scores[truth == 0] > 0).mean()),
    }


RATES = ("tprAt1", "tprAt5", "precisionAt100")
SHARES = ("flaggedShareOfPoison", "flaggedShareOfClean")


def pool(results):
    """Several seeds as one: hits and trials add up, areas and shares are averaged."""
    pooled = {"areaUnderRoc": float(np.mean([r["areaUnderRoc"] for r in results]))}
    for rate in RATES:
        pooled[rate] = wilson(sum(r[rate]["hits"] for r in results), sum(r[rate]["trials"] for r in results))
    for share in SHARES:
        if share in results[0]:
            pooled[share] = float(np.mean([r[share] for r in results]))
    return pooled


def measure_set(path, verified):
    """detector -> figures of one poisoned set, and the kind of its evidence."""
    truth = np.fromfile(path.with_suffix(".truth.u8"), np.uint8)
    with path.with_suffix(".csv").open() as lines:
        next(lines)
        labels = np.array([int(line[0]) for line in lines])
    header, evidence = read_evidence(path)
    counted = np.ones(len(truth), bool)
    if verified is not None:
        # a flipped label that nobody vouched for before may be the right one now; a trigger is poison on any picture
        is_flip = path.stem.startswith(("random-flip", "sad-to-neutral"))
        counted = (verified == 1) if is_flip else (verified == 1) | (truth == 1)
    results = {}
    for name, scores in peer_scores(labels, evidence).items():
        results[name] = measure(scores[counted], truth[counted])
        # a yes or no is worth its two rates, a rank has no threshold of its own
        if not name.endswith(("choice", "clustering")):
            for share in SHARES:
                del results[name][share]
    return results, header


def main():
    sets, out = Path(sys.argv[1]), Path(sys.argv[2])
    verified = np.fromfile(sys.argv[3], np.uint8) if len(sys.argv) > 3 else None
    cases = {}
    for path in sorted(sets.glob("*-*.ev")):
        cases.setdefault(path.stem.rsplit("-", 1)[0], []).append(path)
    rows = [row for row in json.loads(out.read_text())["rows"] if row["case"] not in cases] if out.exists() else []
    for case, paths in cases.items():
        measured = [measure_set(path, verified) for path in paths]
        header = measured[0][1]
        for name in measured[0][0]:
            result = pool([results[name] for results, _ in measured])
            rows.append({"case": case, "seeds": len(paths), "rows": header["rows"], "evidence": header["kind"],
                         "modelVersion": header["modelVersion"], "detector": name, **result})
            print(f"{case:24}{name:44}{result['areaUnderRoc']:.4f}  TPR at 1 % {result['tprAt1']['share']:.4f}"
                  f"  at 5 % {result['tprAt5']['share']:.4f}  P@100 {result['precisionAt100']['share']:.2f}", flush=True)
    versions = {"adversarial-robustness-toolbox": art.__version__, "cleanlab": cleanlab.__version__,
                "numpy": np.__version__, "scikit-learn": sklearn.__version__}
    document = {"type": "testigo-poison-peers", "version": 2, "versions": versions, "rows": rows}
    out.write_text(json.dumps(document, indent=1) + "\n")


main()
