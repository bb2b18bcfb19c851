#!/usr/bin/env python3
"""Fits the constants of catalog/transports to the measured all-reduces beside this file.

    fit_transports.py            fit, print the constants and the errors, fitted and as shipped
    fit_transports.py --shipped  the errors of the shipped constants alone
    fit_transports.py --cross    fit to every second row, print the errors of the others

The model is that of sim/fabric/transport.h: a message of m bytes costs, beyond the links' latency
(zero here: it cannot be told from the step),

    step + m / (B efficiency factor),  no faster than m / cap,

a collective the startup of each dimension, and a member's own part (S/p; over two dimensions that of
the inner one) twice at `copy`. Over that, three algorithms for an all-reduce of S bytes over p members:

    ring          2(p-1) steps of S/p over link-disjoint rings of B together
    in-network    2 steps; both ways of a port carry S (1 + 1/p) at efficiency in_network
    hierarchical  reduce-scatter in the node (ring, or the switch), all-reduce between the nodes on
                  m rails (ring, S/m each), all-gather in the node, in K equal chunks one behind
                  another: the slowest stage sets the beat, sum_j t_j(S/K) + (K - 1) max_j t_j(S/K),
                  unless links that two stages share have more to do

and of all algorithms, protocols and K = 1, 2, 4, ... 1024 the cheapest, as NCCL chooses.

One set of constants per technology; what no row here can tell (marked "set") is NCCL's own constant
(src/graph/tuning.cc) or that of the nearest technology. The loss is robust and scale-free: the mean of
|log(predicted/measured)|, for the typical row, plus 20 times the mean of its square, for the tail (equal
at an error of 5 %; the constants hardly move between 3 and 50); every source weighs the same, whatever
its number of rows. Nelder and Mead, in the logarithm of the
constants, inside their physical range. Plain Python, no packages.

Rows of at most 1 GiB whose notes call them anomalous are not used (shared fabric during the run).
"""

import csv
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CATALOGUE = os.path.join(HERE, "..", "..", "..", "catalog", "transports")

# Link-disjoint rings on the first n accelerators of a DGX-1 with V100 (sim/fabric/rings.h packs them:
# tests/fabric/test_rings.c). With 5 the last has one neighbour only: both rings relay through it.
CUBE_MESH_RINGS = {2: 1, 3: 2, 4: 4, 5: 2, 6: 2, 7: 4, 8: 6}

# The machines behind the rows: transport in the node, payload-free rate per accelerator and direction
# (V100: per NVLink), and between nodes the NICs' number and rate.
MACHINES = {
    "V100": ("nvlink2", 25e9),  # 6 links of 25 GB/s, no switch
    "A100": ("nvlink3", 300e9),  # 12 links of 25 GB/s, NVSwitch
    "H100": ("nvlink4", 450e9),  # 18 links of 25 GB/s, NVSwitch that reduces
    "Blackwell": ("nvlink5", 900e9),  # 18 links of 50 GB/s
    "MI300X": ("xgmi", 7 * 64e9),  # 7 links of 64 GB/s, fully connected: 7 link-disjoint rings
}
NICS = {
    "A100": (8, 25e9),  # 16 x 100 Gb/s
    "H100": (8, 50e9),  # 3,200 Gb/s
    # The row's 409 GB/s of all-reduce pass the 400 GB/s of 8 x 400 Gb/s, which bound any all-reduce of
    # two nodes: 8 x 800 Gb/s (ConnectX-8).
    "Blackwell": (8, 100e9),
    "MI300X": (8, 50e9),  # 8 x 400 Gb/s
}


class Constant:
    """A value with its physical range. fit: which stage fits it; None: set."""

    def __init__(self, value, low, high, fit=None):
        self.value, self.low, self.high, self.fit = value, low, high, fit


def technology(startup, efficiency, protocols, in_network=None, relay=None, copy=None):
    return dict(
        startup=startup,
        efficiency=efficiency,
        in_network=in_network,
        relay=relay,
        copy=copy,
        protocols=protocols,
    )


# Ranges. Startup: a kernel launch takes 3 to 10 us and nccl-tests' synchronisation as much again; waking
# a proxy thread and a NIC up to 30 us. Steps: NCCL's latencies of a hop, from the ring's to the tree's
# (inside a node 0.47 LL, 1.2 to 1.9 LL128, 3.4 to 28 Simple; between nodes 2.7 to 5, 4 to 8.5, 9.6 to 50 us).
# Efficiency: from half the nominal rate to all of it.
FACTOR = {"simple": 1.0, "ll128": 0.92, "ll": 0.25}  # NCCL, src/graph/tuning.cc
CAP = Constant(1.5e9, 0.3e9, 4e9, "h100")  # LL: 39 GB/s over 12 to 16 channels is 2.4 to 3.2 [NCCL, llMaxBws]


def step(us, low, high, fit=None):
    return Constant(us * 1e-6, low * 1e-6, high * 1e-6, fit)


def build():
    launch = Constant(38e-6, 5e-6, 60e-6, "a100")
    wake = Constant(12e-6, 1e-6, 30e-6, "h100")
    node_ll = step(0.5, 0.4, 1)
    node_ll128 = step(2.2, 1.2, 4, "a100")
    node_simple = step(10.7, 3.4, 28, "a100")
    net_ll = step(6.5, 2.7, 10, "h100")
    net_ll128 = step(20, 4, 25)
    net_simple = step(25, 9.6, 50, "h100")
    eff3 = Constant(0.80, 0.5, 1, "a100")

    def switch(in_network, copy):
        return technology(
            launch,
            eff3,
            {"simple": node_simple, "ll128": node_ll128, "ll": node_ll},
            in_network,
            None,
            copy,
        )

    infiniband = {"simple": net_simple, "ll128": net_ll128, "ll": net_ll}
    return {
        "nvlink2": technology(
            Constant(17e-6, 5e-6, 60e-6, "v100"),
            Constant(0.90, 0.5, 1, "v100"),
            {"simple": step(4.5, 3.4, 28, "v100"), "ll": node_ll},
            relay=Constant(0.82, 0.5, 1, "v100"),
        ),
        "nvlink3": switch(None, Constant(1000e9, 400e9, 2000e9, "a100")),
        "nvlink4": switch(Constant(0.68, 0.5, 1, "h100"), Constant(1500e9, 400e9, 3350e9)),
        "nvlink5": switch(Constant(0.54, 0.4, 1, "b200"), Constant(3000e9, 400e9, 8000e9)),
        "xgmi": technology(
            Constant(10e-6, 5e-6, 60e-6),
            Constant(0.79, 0.5, 1, "mi300x"),
            {"simple": step(5, 3.4, 28, "mi300x"), "ll": step(1, 0.4, 4)},
        ),
        "efa": technology(wake, Constant(0.93, 0.5, 1), {"simple": net_simple, "ll": net_ll}),
        "infiniband-ndr": technology(wake, Constant(0.97, 0.5, 1), infiniband),
        "roce": technology(
            wake,
            Constant(0.95, 0.5, 1),
            {"simple": step(38, 9.6, 50, "mi300x"), "ll128": net_ll128, "ll": net_ll},
        ),
    }


STAGES = (  # name, sources whose rows it fits
    ("v100", ("V100",)),
    ("a100", ("A100", "OCI A100")),
    ("h100", ("public log (AWS", "public log (nccl-tests")),
    ("mi300x", ("public log (rccl", "rccl-tests", "OCI H100", "kubernetes")),
    ("b200", ("Blackwell",)),
)


def rows():
    """(source, machine, n, nodes, network, bytes, seconds, used) of both tables."""
    out = []
    with open(os.path.join(HERE, "allreduce_nvlink.csv"), newline="") as file:
        for r in csv.DictReader(file):
            measured = float(r["oop_time_us"]) * 1e-6
            out.append((r["gpu"], r["gpu"], int(r["n_gpu"]), 1, None, float(r["size_B"]), measured, True))
    with open(os.path.join(HERE, "collectives.csv"), newline="") as file:
        for r in csv.DictReader(file):
            machine = next((m for m in MACHINES if r["gpu"].startswith(m)), "MI300X")
            text = r["network"]
            network = "efa" if "EFA" in text else "infiniband-ndr" if "IB" in text else "roce"
            size = float(r["size_B"])
            used = not ("anomalous" in r["notes"] and size <= 2**30)
            measured = float(r["time_us"]) * 1e-6
            out.append((r["source"], machine, int(r["n_gpu"]), int(r["n_nodes"]), network, size, measured, used))
    return out


def value(constant, otherwise):
    return constant.value if constant else otherwise


def pipeline(stages, size):
    """The cheapest number of chunks: (seconds, chunks). Stages: (links, latency, seconds per byte)."""
    work = {}
    for links, latency, per_byte in stages:
        work[links] = work.get(links, 0.0) + latency + size * per_byte
    best = None
    for k in range(11):
        chunks = 1 << k
        beats = [latency + size / chunks * per_byte for _, latency, per_byte in stages]
        total = max(sum(beats) + (chunks - 1) * max(beats), max(work.values()))
        if best is None or total < best[0]:
            best = (total, chunks)
    return best


def predict(transports, row):
    """The cheapest: (seconds, algorithm, protocol, chunks)."""
    _, machine, n, nodes, network, size, _, _ = row
    name, nominal = MACHINES[machine]
    inner = transports[name]
    outer = transports[network] if nodes > 1 else None
    m = n // nodes
    copy = 2 * size / m / inner["copy"].value if inner["copy"] else 0.0
    found = []
    for protocol, inner_step in inner["protocols"].items():
        factor = FACTOR[protocol]
        cap = CAP.value if protocol == "ll" else math.inf
        rings, rate = 1, nominal * inner["efficiency"].value * factor
        if machine == "V100":
            rings = CUBE_MESH_RINGS[n]
            rate *= rings * (inner["relay"].value if n == 5 else 1.0)
        if machine == "MI300X":
            rings = m - 1
        rate = min(rate, rings * cap)
        startup = inner["startup"].value
        if nodes == 1:
            total = startup + copy + 2 * (n - 1) * (inner_step.value + size / n / rate)
            found.append((total, "ring", protocol, 1))
            if inner["in_network"] and protocol == "simple":
                wire = (1 + 1 / n) / (nominal * inner["in_network"].value)
                found.append((startup + 2 * inner_step.value + size * wire, "in-network", protocol, 1))
            continue
        if protocol not in outer["protocols"]:
            continue
        nics, nic_rate = NICS[machine]
        startup += outer["startup"].value
        rail = min(nics * nic_rate * outer["efficiency"].value * factor, m * cap)
        between = ("nic", 2 * (nodes - 1) * outer["protocols"][protocol].value, 2 * (nodes - 1) / nodes / rail)
        half = ("node", (m - 1) * inner_step.value, (m - 1) / m / rate)
        total, chunks = pipeline((half, between, half), size)
        found.append((startup + copy + total, "hierarchical ring", protocol, chunks))
        if inner["in_network"] and protocol == "simple":
            wire = (1 + 1 / m) / (nominal * inner["in_network"].value)
            up = ("up", inner_step.value, wire)
            down = ("down", inner_step.value, wire)
            total, chunks = pipeline((up, between, down), size)
            found.append((startup + total, "hierarchical in-network", protocol, chunks))
    return min(found)


def loss(transports, chosen):
    by_source = {}
    for row in chosen:
        error = math.log(predict(transports, row)[0] / row[6])
        by_source.setdefault(row[0], []).append(error)
    means = [sum(abs(e) + 20 * e * e for e in errors) / len(errors) for errors in by_source.values()]
    return sum(means) / len(means)


def nelder_mead(function, start, spread=0.15, steps=600):
    n = len(start)
    simplex = [(function(start), list(start))]
    for i in range(n):
        x = list(start)
        x[i] += spread
        simplex.append((function(x), x))
    for _ in range(steps):
        simplex.sort(key=lambda entry: entry[0])
        if simplex[-1][0] - simplex[0][0] < 1e-9:
            break
        worst = simplex[-1]
        centre = [sum(x[i] for _, x in simplex[:-1]) / n for i in range(n)]

        def move(k):
            x = [centre[i] + k * (worst[1][i] - centre[i]) for i in range(n)]
            return function(x), x

        reflected = move(-1.0)
        if reflected[0] < simplex[0][0]:
            simplex[-1] = min(move(-2.0), reflected, key=lambda entry: entry[0])
        elif reflected[0] < simplex[-2][0]:
            simplex[-1] = reflected
        else:
            inside = move(0.5)
            if inside[0] < worst[0]:
                simplex[-1] = inside
                continue
            best = simplex[0][1]
            for i in range(1, n + 1):
                x = [(a + b) / 2 for a, b in zip(best, simplex[i][1])]
                simplex[i] = (function(x), x)
    return min(simplex, key=lambda entry: entry[0])[1]


def constants(transports):
    """Every constant once, with the places that use it."""
    seen = {}
    for name, transport in transports.items():
        for key, item in transport.items():
            items = item.items() if key == "protocols" else ((None, item),)
            for sub, constant in items:
                if constant:
                    label = f"{name} {key}" if sub is None else f"{name} step of {sub}"
                    seen.setdefault(id(constant), (constant, []))[1].append(label)
    seen[id(CAP)] = (CAP, ["cap of one ll message, every technology"])
    return list(seen.values())


def fit(transports, table):
    for stage, sources in STAGES:
        free = [c for c, _ in constants(transports) if c.fit == stage]
        chosen = [r for r in table if r[7] and any(r[0].startswith(s) for s in sources)]

        def trial(x, free=free, chosen=chosen):
            outside = 0.0
            for constant, log_value in zip(free, x):
                inside = min(math.log(constant.high), max(math.log(constant.low), log_value))
                outside += (log_value - inside) ** 2
                constant.value = math.exp(inside)
            return loss(transports, chosen) + outside

        x = [math.log(c.value) for c in free]
        for _ in range(4):
            x = nelder_mead(trial, x)
        trial(x)


def shown(label, number):
    if "startup" in label or "step" in label:
        return f"{number * 1e6:.3g} us"
    if "copy" in label or "cap" in label:
        return f"{number / 1e9:.4g} GB/s"
    return f"{number:.4f}"


def print_constants(transports):
    print("constant: value (range) [rows it is fitted to], the places that use it")
    for constant, labels in constants(transports):
        low, high = shown(labels[0], constant.low), shown(labels[0], constant.high)
        edge = min(constant.value / constant.low, constant.high / constant.value) < 1.001
        how = constant.fit or "set"
        print(f"  {shown(labels[0], constant.value):>10} ({low} to {high}) [{how}{', at its limit' if edge else ''}]"
              f" {'; '.join(labels)}")


def print_errors(transports, table, title):
    by_source = {}
    for row in table:
        source = row[0] + ("" if row[7] else " (anomalous, not used)")
        by_source.setdefault(source, []).append(predict(transports, row)[0] / row[6] - 1)
    print(f"{title}: |error| per source, %\n{'':4}{'rows':>4} {'median':>7} {'p90':>7} {'max':>7} {'bias':>7}")
    for source, errors in by_source.items():
        sizes = sorted(abs(e) for e in errors)
        n = len(sizes)
        median = (sizes[(n - 1) // 2] + sizes[n // 2]) / 2
        numbers = (median, sizes[max(0, math.ceil(0.9 * n) - 1)], sizes[-1], sum(errors) / n)
        print(f"{'':4}{n:>4} " + " ".join(f"{100 * x:7.1f}" for x in numbers) + f"  {source}")


UNITS = {"": 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "B/s": 1.0, "GB/s": 1e9}


def read_shipped(transports):
    """Puts the catalogue's values in place of ours, each with a constant of its own."""

    def number(text):
        words = text.split()
        return float(words[0]) * UNITS[words[1] if len(words) > 1 else ""]

    caps = set()
    for name, transport in transports.items():
        with open(os.path.join(CATALOGUE, name + ".yaml")) as file:
            text = re.sub(r"#.*", "", file.read())
        for key in ("startup", "efficiency", "in_network", "relay", "copy"):
            match = re.search(rf"^{key}:(.*)$", text, re.M)
            found = number(match.group(1)) if match else 0.0
            transport[key] = Constant(found, found, found) if found else None
        transport["startup"] = transport["startup"] or Constant(0.0, 0.0, 0.0)
        transport["protocols"] = {}
        for match in re.finditer(r"\{(name:[^}]*)\}", text):
            entry = dict(part.split(":") for part in match.group(1).split(","))
            entry = {key.strip(): word.strip() for key, word in entry.items()}
            seconds = number(entry["step"])
            transport["protocols"][entry["name"]] = Constant(seconds, seconds, seconds)
            if number(entry.get("factor", "1")) != FACTOR[entry["name"]]:
                sys.exit(f"{name}: the factor of {entry['name']} is not {FACTOR[entry['name']]}")
            if "cap" in entry:
                caps.add(number(entry["cap"]))
    if len(caps) > 1:
        sys.exit("the caps of ll differ")
    CAP.value = caps.pop() if caps else math.inf


def main():
    table = rows()
    transports = build()
    if "--cross" in sys.argv[1:]:
        fit(transports, table[::2])
        print_errors(transports, table[1::2], "fitted to the other half of the rows")
        return
    if "--shipped" not in sys.argv[1:]:
        fit(transports, table)
        print_constants(transports)
        print_errors(transports, table, "as fitted")
    read_shipped(transports)
    print_errors(transports, table, "as shipped, rounded")


if __name__ == "__main__":
    main()
