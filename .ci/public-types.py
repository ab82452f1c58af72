"""Lists the types of other crates that stand in the public interfaces, and compares them with what is meant.

    python3 .ci/public-types.py target/doc .ci/public-types.txt

Reads what `rustdoc --output-format json` wrote. UPDATE_EXPECT=1 writes the list instead. Run by `.ci/run types`.
"""

import json
import os
import sys
from pathlib import Path

CRATES = ["logjoin_parse", "logjoin_config", "logjoin_input", "logjoin", "logjoin_arrow"]
OURS = set(CRATES)
STANDARD = {"std", "core", "alloc"}


def named(node):
    """The ids of all types and traits that a signature names."""
    if isinstance(node, dict):
        for kind in ("resolved_path", "trait"):
            inner = node.get(kind)
            if isinstance(inner, dict) and "id" in inner:
                yield inner["id"]
        for value in node.values():
            yield from named(value)
    elif isinstance(node, list):
        for value in node:
            yield from named(value)


def foreign(doc):
    """Names of the foreign types in the interface of one crate."""
    paths, found = doc["paths"], set()
    for item in doc["index"].values():
        kind, inner = next(iter(item["inner"].items()))
        if item["crate_id"] != 0 or kind == "use" or kind == "module":
            continue
        if kind == "impl":
            # Blanket and derived implementations come with the language; what is written by hand names its trait.
            if inner.get("is_synthetic", inner.get("synthetic")) or inner.get("blanket_impl"):
                continue
            inner = {"trait": inner["trait"], "for": inner["for"]}
        elif item["visibility"] not in ("public", "default"):
            continue
        for id_ in named(inner):
            path = paths.get(str(id_))
            if path and path["crate_id"] != 0 and path["path"][0] not in STANDARD | OURS:
                found.add("::".join(path["path"]))
    return found


def main(folder, expected):
    lines = []
    for crate in CRATES:
        doc = json.loads((Path(folder) / f"{crate}.json").read_text())
        lines += [f"{crate}: {name}" for name in sorted(foreign(doc))]
    text = "".join(f"{line}\n" for line in lines)
    if os.environ.get("UPDATE_EXPECT"):
        Path(expected).write_text(text)
    have = Path(expected).read_text().splitlines()
    new, gone = sorted(set(lines) - set(have)), sorted(set(have) - set(lines))
    for line in new:
        print(f"not in {expected}: {line}", file=sys.stderr)
    for line in gone:
        print(f"in {expected}, but no more in the interface: {line}", file=sys.stderr)
    sys.exit(bool(new or gone))


main(*sys.argv[1:])
