"""Independent numbers for the metrics of src/evaluation, from NumPy, SciPy, scikit-learn and scikit-image.

    python3 tests/metrics/reference/make_reference.py   # writes reference.json beside this file; then npx prettier --write it

Made with NumPy 2.4.6, SciPy 1.17.1, scikit-learn 1.9.1, scikit-image 0.26.0. Inputs are rounded to float32, so that both sides read the
same numbers.
"""

import json
from pathlib import Path

import numpy as np
from scipy import linalg, optimize, special, stats
from scipy.spatial.distance import cdist
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.neighbors import KNeighborsClassifier

random = np.random.default_rng(2023)


def rounded(values):
    return np.round(np.asarray(values), 4).astype(np.float32).astype(np.float64)


def numbers(values):
    return [float(f"{value:.7g}") for value in np.asarray(values).ravel()]


def features(rows, width, scale=1.0, shift=0.0):
    return rounded(random.normal(size=(rows, width)) * scale + shift)


def images():
    a = random.integers(0, 256, size=(2, 3, 13, 16)).astype(np.uint8)
    a = np.clip(np.cumsum(a.astype(float) - 127, axis=-1) / 4 + 127, 0, 255).astype(np.uint8)
    b = np.clip(a + random.normal(size=a.shape) * 20, 0, 255).astype(np.uint8)

    def scores(x, y, data_range):
        options = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=data_range, channel_axis=0)
        return {
            "l1": float(np.mean(np.abs(x - y))),
            "mse": float(np.mean((x - y) ** 2)),
            "psnr": float(np.mean([peak_signal_noise_ratio(p, q, data_range=data_range) for p, q in zip(x, y)])),
            "ssim": float(np.mean([structural_similarity(p, q, **options) for p, q in zip(x, y)])),
        }

    def to_values(bytes_):
        return (bytes_ / 127.5 - 1).astype(np.float32).astype(np.float64)

    return {
        "shape": [3, 13, 16],
        "a": a.ravel().tolist(),
        "b": b.ravel().tolist(),
        "bytes": scores(a.astype(float), b.astype(float), 255),
        "values": scores(to_values(a), to_values(b), 2),
    }


def frechet(a, b):
    (s1, s2) = (np.cov(a, rowvar=False), np.cov(b, rowvar=False))
    root = linalg.sqrtm(s1 @ s2).real
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(s1 + s2 - 2 * root))


def kernel_distance(a, b):
    kernel = lambda x, y: (x @ y.T / a.shape[1] + 1) ** 3
    (xx, yy, xy) = (kernel(a, a), kernel(b, b), kernel(a, b))
    (m, n) = (len(a), len(b))
    return float((xx.sum() - np.trace(xx)) / (m * (m - 1)) + (yy.sum() - np.trace(yy)) / (n * (n - 1)) - 2 * xy.mean())


def manifold(real, fake, k):
    """As the code of Naeem et al. (2020), with balls that include their surface."""
    radius = lambda x: np.sort(cdist(x, x), axis=1)[:, k]
    (of_real, of_fake, distances) = (radius(real), radius(fake), cdist(real, fake))
    inside = distances <= of_real[:, None]
    return {
        "precision": float(inside.any(axis=0).mean()),
        "recall": float((distances <= of_fake[None, :]).any(axis=1).mean()),
        "density": float(inside.sum(axis=0).mean() / k),
        "coverage": float((distances.min(axis=1) <= of_real).mean()),
    }


def pairs():
    a = features(40, 6)
    b = features(30, 6, 0.8, 0.3)
    return {
        "width": 6,
        "a": numbers(a),
        "b": numbers(b),
        "frechet": frechet(a, b),
        "kernel": kernel_distance(a, b),
        "manifold": manifold(a, b, 3),
    }


def inception():
    probabilities = rounded(special.softmax(random.normal(size=(25, 5)) * 2, axis=1))
    probabilities[3] = [0, 0, 1, 0, 0]
    scores = []
    for split in range(3):
        part = probabilities[split * 25 // 3 : (split + 1) * 25 // 3]
        scores.append(np.exp(np.mean(special.rel_entr(part, part.mean(0)).sum(1))))
    return {"width": 5, "probabilities": numbers(probabilities), "splits": 3, "mean": float(np.mean(scores)), "deviation": float(np.std(scores))}


def codes():
    z = features(50, 4, 1, [0.4, 0, 0, -0.2])
    z = (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32)
    unit = z.astype(np.float64)
    (n, m) = unit.shape
    resultant = np.linalg.norm(unit.mean(0))
    scatter = unit.T @ unit / n
    rayleigh = n * m * resultant**2
    bingham = n * m * (m + 2) / 2 * (np.trace(scatter @ scatter) - 1 / m)
    degrees = (m - 1) * (m + 2) / 2
    distances = cdist(unit, unit) + 9 * np.eye(n)
    return {
        "width": m,
        "codes": [float(value) for value in z.ravel()],
        "resultantLength": float(resultant),
        "rayleigh": [float(rayleigh), m, float(stats.chi2.sf(rayleigh, m))],
        "bingham": [float(bingham), degrees, float(stats.chi2.sf(bingham, degrees))],
        "relativeVariances": [float(value) for value in unit.var(0) * m],
        "nearest": [float(value) for value in distances.min(1)],
    }


def classification():
    (n, d, k) = (60, 4, 3)
    x = features(n, d)
    labels = np.argmax(x[:, :k] + 0.7 * random.normal(size=(n, k)), axis=1)
    design = np.hstack([x, np.ones((n, 1))])

    def fit(ridge, penalised):
        def loss(w):
            w = w.reshape(k, d + 1)
            logits = design @ w.T
            mask = np.ones(d + 1)
            mask[-1] = penalised
            value = np.mean(special.logsumexp(logits, axis=1) - logits[np.arange(n), labels]) + ridge * (mask * w**2).sum()
            gradient = (special.softmax(logits, axis=1) - np.eye(k)[labels]).T @ design / n + 2 * ridge * mask * w
            return value, gradient.ravel()

        result = optimize.minimize(loss, np.zeros(k * (d + 1)), jac=True, method="BFGS", options={"gtol": 1e-10, "maxiter": 5000})
        return [float(value) for value in result.x]

    queries = features(25, d)
    vote = lambda metric: KNeighborsClassifier(1, metric=metric, algorithm="brute").fit(x, labels).predict(queries).tolist()
    return {
        "width": d,
        "features": numbers(x),
        "labels": labels.tolist(),
        "penalised": {"ridge": 1e-3, "parameters": fit(1e-3, 1)},
        "freeBias": {"ridge": 1e-2, "parameters": fit(1e-2, 0)},
        "queries": numbers(queries),
        "nearest": {"euclidean": vote("euclidean"), "cosine": vote("cosine")},
    }


def components():
    x = features(30, 5) * np.array([3, 2, 1, 0.5, 0.1]) + 2
    x = rounded(x)
    (values, vectors) = np.linalg.eigh(np.cov(x, rowvar=False))
    axes = vectors.T[::-1][:2]
    axes = np.array([axis * np.sign(axis[np.argmax(np.abs(axis))]) for axis in axes])
    projected = (x - x.mean(0)) @ axes.T
    return {
        "width": 5,
        "features": numbers(x),
        "variances": [float(value) for value in values[::-1][:2]],
        "parts": [float(value) for value in values[::-1][:2] / values.sum()],
        "axes": [float(value) for value in axes.ravel()],
        "projected": [float(value) for value in projected.ravel()],
    }


reference = {
    "images": images(),
    "pairs": pairs(),
    "inception": inception(),
    "codes": codes(),
    "classification": classification(),
    "components": components(),
}
(Path(__file__).parent / "reference.json").write_text(json.dumps(reference))
