"""Rows become what the ONNX graph of an n-gram student reads, in plain Python.

    reader = Reader(session.get_modelmeta().custom_metadata_map)  # of onnxruntime.InferenceSession
    ids, offsets = batch([reader("where is my card?"), reader("query", pair="title")])
    logits = session.run(["logits"], {"input_ids": np.array(ids), "offsets": np.array(offsets)})[0]

The page "Export" of the book has the definition. Letters are lower-cased by Python's tables: characters that a newer Unicode
than that of `unicodedata.unidata_version` gave a lower case to are read as they are.

    python3 ngram_features.py METADATA.json < ROWS.jsonl  # {"text": .., "pair": .., "columns": {..}} a line, ids out
"""

import json
import re
import sys
from bisect import bisect_right
from itertools import accumulate, chain, islice

GOLDEN, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
WHITE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | set(map(chr, range(0x2000, 0x200B)))
RUN = "[AHN](?:[AHN]|(?<=[AH])[MLQ](?=[AHG])|(?<=N)[ULQ](?=[NG])|(?<=H)D(?=[HG]))*"
WORD = re.compile(f"(?=[AHNKX])X*(?:(?:{RUN}|K+)X+)*(?:{RUN}(?:(?<=H)Q)?|K+)?|RR?|W*V|W+|.")


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def fnv(text, start=0xCBF29CE484222325):
    *_, last = accumulate(text.encode(), lambda h, byte: (h ^ byte) * 0x100000001B3 & MASK, initial=start)
    return last


def one(kind, a):
    return mix(a + (kind + 1) * GOLDEN & MASK)


def two(kind, a, b):
    return mix(one(kind, a) ^ b)


def lower(text):
    return "".join(map(str.lower, text))


class Reader:
    def __init__(self, metadata):
        self.settings, self.columns = json.loads(metadata["features"]), json.loads(metadata.get("columns", "[]"))
        table = json.loads(metadata["word_break"])
        points = {name: chain(*map(range, ends[::2], (end + 1 for end in ends[1::2]))) for name, ends in table.items()}
        self.pictures = set(points.pop("P"))
        self.classes = {point: name for name, own in points.items() for point in own}

    def tokens(self, text):
        for piece in re.findall("[^ \t-\r]+", text):
            classes = "".join(self.classes.get(ord(c), "O") for c in piece)
            # A mark belongs to the character before it, whose class counts. `V` is a space with one, `G` a picture glued on.
            units = [i for i, c in enumerate(classes) if i == 0 or c not in "EZ" or classes[i - 1] == "S"]
            letters = ""
            for i, end in zip(units, units[1:] + [len(piece)]):
                glued = i > 0 and classes[i - 1] == "Z" and ord(piece[i]) in self.pictures
                spaced = classes[i] == "W" and end - i > 1
                letters += "G" if glued else "V" if spaced else "O" if classes[i] in "EZ" else classes[i]
            starts = [units[word.start()] for word in WORD.finditer(letters) if word[0] != "G"]
            words = (piece[i:end] for i, end in zip(starts, starts[1:] + [len(piece)]))
            yield from (word for word in words if not WHITE.issuperset(word))

    def side(self, text, side, features):
        hashes, runs, lengths = [], [], self.settings["characters"]
        for token in islice(self.tokens(text), self.settings["max_tokens"]):
            hashes.append(fnv(lower(token)))
            longer = enumerate(runs[: self.settings["word_order"] - 1], 2)
            runs = hashes[-1:] + [two(side + (n if n > 2 else 1), run, hashes[-1]) for n, run in longer]
            features += [one(side, hashes[-1])] + runs[1:]
            marked = f"<{lower(token[:64])}>"
            for n in range(lengths["min"], lengths["max"] + 1) if lengths else ():
                features += [one(side + 2, fnv(marked[i : i + n])) for i in range(len(marked) - n + 1)]
        return hashes

    def __call__(self, text, pair=None, columns=None):
        features, most, columns = [], self.settings["product_tokens"], columns or {}
        if not self.columns or any(column["kind"] == "text" for column in self.columns):
            first = self.side(text, 0, features)
            if pair is not None:
                second = self.side(pair, 16, features)
                for h in second:
                    features += [one(32, h), one(33, 0)] if h in first else [one(34, 0)]
                features += [two(35, a, b) for a in first[:most] for b in second[:most]]
        for column in self.columns:
            name, value = column["name"], columns.get(column["name"])
            if column["kind"] in ("number", "category") and value is None:
                features.append(one(50, fnv(name)))
            elif column["kind"] == "category":
                features.append(one(48, fnv(f"{name}={value}")))
            elif column["kind"] == "number":
                features.append(two(49, fnv(name), bisect_right(column["edges"], value)))
        shift = 65 - self.settings["buckets"].bit_length()
        return [feature >> shift for feature in features]


def batch(rows):
    """The ids of all rows, and where each row's begin."""
    return sum(rows, []), list(accumulate(map(len, rows[:-1]), initial=0))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        read = Reader(json.load(file))
    for line in sys.stdin.buffer:
        row = json.loads(line)
        print(json.dumps(read(row["text"], row.get("pair"), row.get("columns"))))
