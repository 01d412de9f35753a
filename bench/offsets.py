"""The bar of the clocks: how far off an estimate of another player's clock is, on links with queues, and what it says.

p99 in ms: LAN 0.05, Wi-Fi 0.5, WAN 1, mobile 5. The true error lies inside the stated uncertainty in 99.9 % of all
cases, and the stated uncertainty is at most 3 times the true p99, both beyond half of the asymmetry of the ways.
"""

import argparse

from common import row

from marmalade_sc.testing.links import LINKS, measure

BARS_MS = {"lan": 0.05, "wifi": 0.5, "wan": 1.0, "mobile": 5.0, "shaky": 3.0}


def main() -> None:
    """Run the bar."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--probes", type=int, default=6000)
    options = parser.parse_args()
    for name, way in LINKS.items():
        for longer_s in (0.0, 0.01):
            found = measure(way, 1, options.probes, longer_s=longer_s)
            row(
                "error of another clock",
                link=name,
                asymmetry_ms=longer_s * 1000,
                p50_ms=round(found.median_s * 1000, 4),
                p99_ms=round(found.p99_s * 1000, 4),
                stated_ms=round(found.stated_s * 1000, 4),
                inside=round(found.inside, 5),
                met=found.p99_s * 1000 <= BARS_MS[name] and found.inside >= 0.999 and found.stated_s <= 3 * found.p99_s,
            )


if __name__ == "__main__":
    main()
