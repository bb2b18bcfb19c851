#!/usr/bin/env python3
"""Fits the constants of catalog/accelerators, and the host's launch times, to training.csv beside this file.

    fit_training.py                 fit and print constants and errors; --write puts them into the catalogue
    fit_training.py --cross         leave one suite out: fit to the others, print the errors of the one left out
    fit_training.py --family h100   one family of accelerators only (a100, h100, blackwell)

The model is the simulator: every evaluation is a run of `dcsim validate --csv` on the calibration rows with a
copy of the data folder (DCSIM_DATA) whose constants are changed, so the fit sees what users get. Plans that the
source leaves blank are searched anew each time, but for the suite sc21_t1, whose micro-batches and interleaving
are searched once at the start (its ten rows take longer than the other 366).

Loss: soft L1 of log(predicted/measured) at 3 %, so that single rows that no constant can reach do not bend the
rest; a suite with n rows weighs min(1, sqrt(n/6)) / sqrt(n) per row, vtrain_single 1.5 and vtrain_multi 1.6 times
that; rows whose notes say doubtful are not used. A prior of 3 % of each constant's range about its start keeps what
no row tells. Calibration rows: all, every third of vtrain_single. Trust-region least squares with forward
differences (scipy); deterministic. Families are fitted one after another: a100 (with what all share), h100,
blackwell (GB200 and GB300 take from h100 what their few rows cannot tell); V100, H200 and B200 take the constants of
their nearest relative and are not calibrated. Needs Python 3 with numpy and scipy; the program must be built.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from scipy.optimize import least_squares

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
TABLE = os.path.join(HERE, "training.csv")
PROGRAM = os.environ.get("DCSIM", os.path.join(ROOT, "dcsim"))

A100 = ["accelerators/a100-sxm4-80gb", "accelerators/a100-sxm4-40gb", "accelerators/v100-sxm2-32gb"]
H100 = ["accelerators/h100-sxm5-80gb", "accelerators/h200-sxm5-141gb"]
GB200 = ["accelerators/gb200", "accelerators/b200-sxm-180gb"]
GB300 = ["accelerators/gb300"]
GB = GB200 + GB300


class Constant:
    """A key of some catalogue files with its physical range, in the unit that the files use."""

    def __init__(self, files, key, low, high, unit=""):
        self.files, self.key, self.low, self.high, self.unit = files, key, low, high, unit

    def pattern(self):
        """Of the key, in accelerators below `efficiency` (formats are keys of their peaks, too)."""
        start = r"^efficiency:(?:.|\n)*?^ +" if "accelerators" in self.files[0] else r"^ +"
        return re.compile(r"(%s%s: )([0-9.e+-]+)" % (start, self.key), re.M)

    def read(self, folder):
        with open(os.path.join(folder, "catalog", self.files[0] + ".yaml")) as file:
            return float(self.pattern().search(file.read()).group(2))

    def write(self, folder, value):
        for name in self.files:
            path = os.path.join(folder, "catalog", name + ".yaml")
            with open(path) as file:
                text = file.read()
            text, count = self.pattern().subn(lambda m: "%s%.4g" % (m.group(1), value), text)
            if count != 1:
                raise SystemExit("%s: %d times %s" % (path, count, self.key))
            with open(path, "w") as file:
                file.write(text)


FAMILIES = {
    "a100": [
        Constant(A100, "matrix", 0.6, 0.95),
        Constant(A100, "memory", 0.7, 1),
        Constant(A100, "launch", 1, 6, "us"),
        Constant(A100, "exchange", 0.9, 1.4),
        Constant(A100, "beside", 0, 1),
        Constant(A100, "send", 30, 2000, "us"),
        Constant(A100, "jitter", 0, 0.01),
        Constant(A100, "contention", 0, 9),
        Constant(A100, "unaligned", 0.2, 0.5),
        Constant(A100, "triton", 0.15, 0.6),
        Constant(["software/megatron-deepspeed-2022"], "launch", 5, 60, "us"),
        Constant(["software/fsdp-triton-2023"], "launch", 5, 40, "us"),
    ],
    "h100": [
        Constant(H100, "matrix", 0.6, 0.95),
        Constant(H100, "fp8", 0.6, 1),
        Constant(H100, "outer_half", 0, 2000),
        Constant(H100, "memory", 0.7, 1),
        Constant(H100, "launch", 1, 6, "us"),
        Constant(H100, "exchange", 0.9, 1.4),
        Constant(H100, "beside", 0, 1),
        Constant(H100, "send", 30, 2000, "us"),
        Constant(H100, "jitter", 0, 0.01),
        Constant(H100, "contention", 0, 9),
        Constant(H100, "triton", 0.1, 0.5),
        Constant(H100, "cudnn", 0.3, 0.75),
    ],
    "blackwell": [
        Constant(GB200, "fp8", 0.6, 1),
        Constant(GB200, "mxfp8", 0.6, 1),
        Constant(GB200, "nvfp4", 0.4, 1),
        Constant(GB300, "fp8", 0.6, 1),
        Constant(GB300, "nvfp4", 0.3, 1),
        Constant(GB, "outer_half", 500, 2500),
    ],
}
# What Blackwell takes from the fit of H100.
SHARED = {"exchange", "beside", "jitter", "contention"}
WEIGHTS = {"vtrain_single": 1.5, "vtrain_multi": 1.6}
SOFTNESS, PRIOR = 0.03, 0.03


def family_of(accelerator):
    if accelerator.startswith(("a100", "v100")):
        return "a100"
    return "h100" if accelerator.startswith(("h100", "h200")) else "blackwell"


def group_of(row):
    """What errors are reported by: the suite, apart by kind of accelerator where it has several."""
    if row["suite"] in ("fsdp", "bridge"):
        return "%s %s" % (row["suite"], row["accelerator"].split("-")[0])
    return row["suite"]


class Bench:
    """The rows, and a copy of the data folder to run them with."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dcsim-fit-")
        for name in ("catalog", "topologies"):
            shutil.copytree(os.path.join(ROOT, name), os.path.join(self.folder, name))
        with open(TABLE) as file:
            self.rows = list(csv.DictReader(file))
        self.pin([row for row in self.rows if row["suite"] == "sc21_t1"])

    def close(self):
        shutil.rmtree(self.folder)

    def run(self, rows, quiet=True):
        path = os.path.join(self.folder, "rows.csv")
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        command = [PROGRAM, "validate"] + (["--csv"] if quiet else []) + [path]
        done = subprocess.run(
            command, env=dict(os.environ, DCSIM_DATA=self.folder), capture_output=True, text=True
        )
        if done.returncode > 1:
            raise SystemExit(done.stderr)
        return done.stdout

    def pin(self, rows):
        """Fills in the plan that the search finds."""
        text = self.run(rows, quiet=False)
        for row in rows:
            found = re.search(
                r" %s .*micro-batch (\d+), interleave (\d+)," % re.escape(row["id"]), text
            )
            row["micro_batch"], row["vp"] = found.groups()

    def predict(self, rows):
        """By id; rows that cannot be run are not there."""
        found = csv.DictReader(self.run(rows).splitlines())
        return {row["id"]: float(row["predicted"]) for row in found if row["predicted"]}


def errors_of(bench, rows):
    predicted = bench.predict(rows)
    return {
        row["id"]: predicted[row["id"]] / float(row["iteration_s"]) - 1
        for row in rows
        if row["id"] in predicted
    }


def weights_of(rows):
    counts = {}
    for row in rows:
        counts[group_of(row)] = counts.get(group_of(row), 0) + 1
    return np.array(
        [
            WEIGHTS.get(row["suite"], 1.0)
            * min(1.0, (counts[group_of(row)] / 6) ** 0.5)
            / counts[group_of(row)] ** 0.5
            for row in rows
        ]
    )


def fit(bench, family, without=None, steps=6):
    """Fits a family's constants in the bench's folder. without: a group that is not used."""
    constants = FAMILIES[family]
    rows = [
        row
        for row in bench.rows
        if family_of(row["accelerator"]) == family
        and "doubtful" not in row["notes"]
        and group_of(row) != without
    ]
    single = [row for row in rows if row["suite"] == "vtrain_single"]
    rows = [row for row in rows if row["suite"] != "vtrain_single"] + single[::3]
    weights = weights_of(rows)
    low = np.array([c.low for c in constants])
    span = np.array([c.high - c.low for c in constants])
    start = (np.array([c.read(bench.folder) for c in constants]) - low) / span
    start = np.clip(start, 0.01, 0.99)

    def residuals(x):
        for constant, value in zip(constants, low + x * span):
            constant.write(bench.folder, value)
        errors = errors_of(bench, rows)
        e = np.array([np.log1p(errors.get(row["id"], 0.0)) for row in rows]) / SOFTNESS
        soft = np.sign(e) * np.sqrt(2 * (np.sqrt(1 + e * e) - 1))
        return np.concatenate([weights * soft, PRIOR * (x - start)])

    found = least_squares(residuals, start, bounds=(0, 1), diff_step=0.01, max_nfev=steps)
    residuals(found.x)
    return found.cost


def share(bench):
    """Blackwell takes from H100 what it shares."""
    for constant in FAMILIES["h100"]:
        if constant.key in SHARED:
            Constant(GB, constant.key, constant.low, constant.high).write(bench.folder, constant.read(bench.folder))


def print_constants(bench, families):
    for family in families:
        for c in FAMILIES[family]:
            print(
                "%-34s %-12s %8.4g %-3s (%g to %g)"
                % (c.files[0], c.key, c.read(bench.folder), c.unit, c.low, c.high)
            )


def report(rows, errors, label):
    groups = []
    for row in rows:
        if group_of(row) not in groups:
            groups.append(group_of(row))
    print("%-16s %5s %7s %7s %7s %7s   %s" % ("", "rows", "mean", "p90", "max", "bias", label))
    for group in groups:
        e = 100 * np.array(
            [
                errors[row["id"]]
                for row in rows
                if group_of(row) == group and row["id"] in errors and "doubtful" not in row["notes"]
            ]
        )
        if len(e):
            a = abs(e)
            numbers = (len(e), a.mean(), np.percentile(a, 90), a.max(), e.mean())
            print("%-16s %5d %6.2f%% %6.1f%% %6.1f%% %+6.2f%%" % ((group,) + numbers))
    sys.stdout.flush()


def cross(bench, families, steps):
    shipped = {c: c.read(bench.folder) for family in FAMILIES for c in FAMILIES[family]}
    left = {}
    for family in families:
        rows = [row for row in bench.rows if family_of(row["accelerator"]) == family]
        for group in dict.fromkeys(group_of(row) for row in rows):
            for constant, value in shipped.items():
                constant.write(bench.folder, value)
            fit(bench, family, without=group, steps=steps)
            own = [row for row in rows if group_of(row) == group]
            left.update(errors_of(bench, own))
            report(own, left, "left out")
    report(bench.rows, left, "left out")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cross", action="store_true", help="leave one suite out at a time")
    parser.add_argument("--family", choices=FAMILIES, help="this one only")
    parser.add_argument("--steps", type=int, default=6, help="of the least squares")
    parser.add_argument("--write", action="store_true", help="put the fitted constants into catalog/")
    options = parser.parse_args()
    families = [options.family] if options.family else list(FAMILIES)
    bench = Bench()
    try:
        if options.cross:
            cross(bench, families, options.steps)
            return
        for family in families:
            if family == "blackwell":
                share(bench)
            cost = fit(bench, family, steps=options.steps)
            print("%s: cost %.4f" % (family, cost))
        print_constants(bench, families)
        rows = [row for row in bench.rows if family_of(row["accelerator"]) in families]
        report(rows, errors_of(bench, rows), "fitted")
        if options.write:
            for name in sorted({name for f in families for c in FAMILIES[f] for name in c.files}):
                path = os.path.join("catalog", name + ".yaml")
                shutil.copy(os.path.join(bench.folder, path), os.path.join(ROOT, path))
    finally:
        bench.close()


if __name__ == "__main__":
    main()
